// java -ea examples/java/SimlbTest.java    (JDK 17; `simlb` on the PATH)
import com.sun.net.httpserver.HttpServer;
import java.net.*; import java.net.http.*; import java.util.List; import java.util.regex.*;
class SimlbTest {
  static String control = "", token = "";
  static String member(String json, String path) { // the first match is enough here; a test of yours has a JSON library
    Matcher found = Pattern.compile(path + "\"\\s*:\\s*\"?([^\",}]*)").matcher(json);
    return found.find() ? found.group(1) : null; }
  static HttpResponse<String> ask(String method, String url, String body) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(url.startsWith("http") ? url : control + "/api/v1/" + url));
    request.method(method, HttpRequest.BodyPublishers.ofString(body)).header("Authorization", "Bearer " + token);
    return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString()); }
  public static void main(String[] args) throws Exception {
    var target = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    target.createContext("/", exchange -> { exchange.sendResponseHeaders(200, -1); exchange.close(); });
    target.start();
    var command = List.of("simlb", "serve", "--ephemeral", "--json", "--manual-clock", "http:/" + target.getAddress());
    Process simlb = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String line = simlb.inputReader().readLine(), url = member(line, "listeners.*?url"); // it ends when this JVM does
    control = member(line, "control.*?url"); token = member(line, "token");
    ask("POST", "wait", "{\"target_group\": \"web\", \"healthy\": 1}");
    ask("POST", "faults", "{\"type\": \"http.abort\", \"on\": \"i-01\", \"count\": 1}");
    assert ask("GET", url, "").statusCode() == 503 && ask("GET", url, "").statusCode() == 200;
    target.stop(0);
    ask("POST", "clock/advance", "{\"seconds\": 60}"); // a minute of AWS, milliseconds here
    assert ask("POST", "wait", "{\"target\": \"i-01\", \"state\": \"unhealthy\"}").statusCode() == 200;
    assert ask("GET", url, "").statusCode() == 502; // nobody is healthy: it fails open
    assert ask("GET", "traffic", "").body().contains("\"total\": 3"); simlb.destroy(); System.out.println("ok"); } }
