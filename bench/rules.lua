-- One request for each of a hundred rules, drawn evenly; the path is new each time. The kinds are those of routing.py.
local number = 0

request = function()
  number = number + 1
  local rule = math.random(0, 99)
  local name = string.format("svc-%02d", rule)
  local kind = rule % 5
  local path = string.format("/shop/item/%d", number)
  local host = "shop.localhost"
  local more = ""
  if kind == 0 or kind == 4 then
    path = string.format("/%s/item/%d", name, number)
  elseif kind == 1 then
    host = name .. ".shop.localhost"
  elseif kind == 2 then
    more = "X-Service: " .. name .. "\r\n"
  else
    path = path .. "?service=" .. name
  end
  return "GET " .. path .. " HTTP/1.1\r\nHost: " .. host .. "\r\nAccept: */*\r\n" .. more .. "\r\n"
end
