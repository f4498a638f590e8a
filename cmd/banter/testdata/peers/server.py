"""A TCP server as a tutorial writes it: one client, one recv, one reply.

The port is the argument; 0 is a free one. Which it is, is printed once the
server listens."""
import socket
import sys


def main():
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.bind(("", int(sys.argv[1])))
    server.listen(128)
    print("port", server.getsockname()[1], flush=True)

    client, _ = server.accept()
    print(client.recv(1024))
    client.send("hhhh".encode("utf-8"))
    client.close()
    server.close()


if __name__ == "__main__":
    main()
