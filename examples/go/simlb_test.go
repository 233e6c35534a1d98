// go test examples/go/simlb_test.go    (`simlb` on the PATH)
package simlb

import ("bufio"; "encoding/json"; "net/http"; "net/http/httptest"; "os/exec"; "strings"; "testing")
var line struct { Control struct{ URL, Token string }; Listeners []struct{ URL string } }
func ask(method, path, body string, answer any) int {
	request, _ := http.NewRequest(method, line.Control.URL+"/api/v1/"+path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+line.Control.Token)
	response, err := http.DefaultClient.Do(request)
	if err != nil { panic(err) }
	defer response.Body.Close(); json.NewDecoder(response.Body).Decode(answer); return response.StatusCode }
func get() int {
	response, err := http.Get(line.Listeners[0].URL)
	if err != nil { panic(err) }; return response.StatusCode }
func TestFaultyAndDeadTarget(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // 200, whatever is asked
	simlb := exec.Command("simlb", "serve", "--ephemeral", "--json", "--manual-clock", target.URL)
	stdin, _ := simlb.StdinPipe() // simlb ends when this closes, and so when this process ends
	stdout, _ := simlb.StdoutPipe()
	if simlb.Start() != nil { t.Fatal("simlb is not on the PATH") }
	text, _ := bufio.NewReader(stdout).ReadBytes('\n')
	defer func() { stdin.Close(); simlb.Wait() }()
	if json.Unmarshal(text, &line) != nil { t.Fatal(string(text)) }; var states, traffic struct { Total int }
	ask("POST", "wait", `{"target_group": "web", "healthy": 1}`, &states)
	ask("POST", "faults", `{"type": "http.abort", "on": "i-01", "count": 1}`, &states)
	if first, second := get(), get(); first != 503 || second != 200 { t.Error(first, second) }
	target.Close(); ask("POST", "clock/advance", `{"seconds": 60}`, &states) // a minute of AWS, milliseconds here
	if ask("POST", "wait", `{"target": "i-01", "state": "unhealthy"}`, &states) != 200 { t.Error("still healthy") }
	if ask("GET", "traffic", "", &traffic); traffic.Total != 2 { t.Error(traffic) }
}
