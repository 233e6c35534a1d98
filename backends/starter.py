"""시작용 대상: 상태 검사 API가 아직 없는 작은 웹 프로그램.
The starter target: a small web program that has no health check API yet.

로드 밸런서는 30초마다 GET /health 를 보내 대상이 살아 있는지 묻습니다. 이 프로그램은 404로 대답하므로 대상은
unhealthy가 됩니다: "Health checks failed with these codes: [404]". 아래의 3단계를 따라 고쳐 보세요. 저장하면 바로
다시 시작됩니다. 대상은 검사를 다섯 번 통과하면 healthy가 됩니다.

Every 30 seconds the load balancer sends GET /health to ask whether this target is well. This program answers 404, so
the target becomes unhealthy: "Health checks failed with these codes: [404]". Follow the three steps below to mend it.
It restarts when you save; the target becomes healthy when it has passed five checks.

혼자 실행하기 / run it alone:  uvicorn backends.starter:app --reload --port 9001
"""

import os

# simlb가 정해 준 이름입니다. The name that simlb gave this target.
NAME = os.environ.get("SIMLB_TARGET_NAME", "starter")


async def app(scope, receive, send):
    """요청 하나마다 한 번 불립니다. Called once for every request (this interface is called ASGI)."""
    if scope["type"] != "http":
        return

    if scope["path"] == "/":
        # 로드 밸런서가 건넨 요청을 그대로 보여 줍니다. The page shows the request as the load balancer handed it over.
        lines = [f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in scope["headers"]]
        await answer(send, 200, f"안녕하세요, {NAME}입니다. Hello from {NAME}.\n\n" + "\n".join(lines) + "\n")

    # 1단계: 아래 두 줄의 맨 앞 '# '를 지우세요.    Step 1: remove the '# ' in front of the next two lines.
    # elif scope["path"] == "/health":
    #     await answer(send, 200, "ok\n")
    # 2단계: 저장하세요.                            Step 2: save the file.
    # 3단계: 대상이 돌아오는 것을 지켜보세요.       Step 3: watch the target come back.

    else:
        await answer(send, 404, f"{scope['path']} 는 여기에 없습니다. There is no {scope['path']} here.\n")


async def answer(send, status, text):
    """상태 코드와 글을 보냅니다. Send a status code and a text."""
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


# mypy: allow-untyped-defs, allow-untyped-calls
