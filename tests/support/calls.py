"""A gRPC server, and a client that tells what it gets of one: `server`, which prints its port, or `client <port>`."""
import sys
import threading
import time
from concurrent import futures

import grpc

cancelled = threading.Event()


def echo(request, context):
    seen = dict(context.invocation_metadata())
    context.send_initial_metadata([("x-initial", seen.get("x-asked", ""))])
    context.set_trailing_metadata([("x-trailing", "behind")])
    return request


def count(request, context):
    for number in range(int(request)):
        yield str(number).encode()


def add(requests, context):
    return str(sum(int(request) for request in requests)).encode()


def chat(requests, context):
    for request in requests:
        yield b"you said " + request


def fail(request, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "nothing of that name")


def slow(request, context):
    context.add_callback(cancelled.set)
    cancelled.wait(30)
    return b""


def was_cancelled(request, context):
    return str(cancelled.wait(10)).encode()


class Service(grpc.GenericRpcHandler):
    def service(self, details):
        return {
            "/t.T/Echo": grpc.unary_unary_rpc_method_handler(echo),
            "/t.T/Count": grpc.unary_stream_rpc_method_handler(count),
            "/t.T/Add": grpc.stream_unary_rpc_method_handler(add),
            "/t.T/Chat": grpc.stream_stream_rpc_method_handler(chat),
            "/t.T/Fail": grpc.unary_unary_rpc_method_handler(fail),
            "/t.T/Slow": grpc.unary_unary_rpc_method_handler(slow),
            "/t.T/Cancelled": grpc.unary_unary_rpc_method_handler(was_cancelled),
        }.get(details.method)


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers((Service(),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(0)


def ask(port):
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=options)
    unary = lambda name, *more, **by: channel.unary_unary("/t.T/" + name)(*more, timeout=20, **by)
    answer, call = channel.unary_unary("/t.T/Echo").with_call(
        b"hello", metadata=[("x-asked", "please")], timeout=20
    )
    print("unary", answer, dict(call.initial_metadata()).get("x-initial"))
    print("trailing", dict(call.trailing_metadata()).get("x-trailing"), call.code())
    large = bytes(range(256)) * 8192
    print("large", unary("Echo", large) == large)
    print("stream", list(channel.unary_stream("/t.T/Count")(b"300", timeout=20))[-3:])
    print("upload", channel.stream_unary("/t.T/Add")((str(n).encode() for n in range(100)), timeout=20))

    said, heard = [], []

    def talk():
        for word in (b"one", b"two", b"three"):
            said.append(word)
            yield word
            # The next word waits for the answer to this one.
            while len(heard) < len(said):
                time.sleep(0.005)

    for answer in channel.stream_stream("/t.T/Chat")(talk(), timeout=20):
        heard.append(answer)
    print("chat", heard)
    for name in ("Fail", "Missing"):
        try:
            unary(name, b"x")
        except grpc.RpcError as error:
            print(name, error.code(), error.details())
    try:
        channel.unary_unary("/t.T/Slow")(b"", timeout=0.5)
    except grpc.RpcError as error:
        print("deadline", error.code())
    print("cancelled", unary("Cancelled", b""))
    calls = [channel.unary_unary("/t.T/Echo").future(str(n).encode(), timeout=20) for n in range(50)]
    print("many", sum(int(call.result()) for call in calls))


if sys.argv[1] == "server":
    serve()
else:
    ask(sys.argv[2])
