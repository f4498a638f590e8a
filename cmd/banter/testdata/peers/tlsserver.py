"""A TLS server that replies to one client, and ends as its first argument says:

properly: it says that it ends, and waits for the client's end
rudely:   it closes the socket, without a word of TLS

The others are the files of its certificate and key, and (if there is one) of the
authority that must have signed the client's certificate. The port is printed
once the server listens."""
import socket
import ssl
import sys


def main():
    manners, cert, key = sys.argv[1:4]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if len(sys.argv) > 4:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(sys.argv[4])
    server = socket.create_server(("127.0.0.1", 0))
    print("port", server.getsockname()[1], flush=True)

    client, _ = server.accept()
    try:
        with context.wrap_socket(client, server_side=True) as secure:
            print(secure.recv(1024), secure.version())
            secure.sendall(b"hhhh")
            if manners == "properly":
                secure.unwrap().close()
    except ssl.SSLError as err:
        print("error", err.reason)


if __name__ == "__main__":
    main()
