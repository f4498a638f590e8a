"""A TCP client as a tutorial writes it: it sends, and closes without reading."""
import socket


def main():
    address = input("address: ")
    port = int(input("port: "))
    text = input("text: ")

    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.connect((address, port))
    client.send(text.encode("utf-8"))
    client.close()


if __name__ == "__main__":
    main()
