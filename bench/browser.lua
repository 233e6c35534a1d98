-- A browser's head: 13 fields. The URL, the Referer that names the page before and the Cookie differ every time.
local number = 0
local template = table.concat({
  "GET /shop/item/%d?from=list&position=%d HTTP/1.1",
  "Host: shop.localhost",
  "Connection: keep-alive",
  'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-Dest: document",
  "Referer: http://shop.localhost/shop/item/%d",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Cookie: session=%08x%08x%08x; theme=dark; visits=%d",
  "", "",
}, "\r\n")

request = function()
  number = number + 1
  return template:format(number, number % 40, number - 1, math.random(0, 2147483647), number, math.random(0, 2147483647), number)
end
