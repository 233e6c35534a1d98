-- 1 MB up: a body with a Content-Length, sent without waiting for a 100.
wrk.method = "POST"
wrk.body = string.rep("0123456789abcdef", 65536)
wrk.headers["Content-Type"] = "application/octet-stream"
