"""A mail client that begins TLS in the middle, as Python's library does it.

The arguments are the port, and the file of the authority to trust."""
import smtplib
import ssl
import sys


def main():
    trust = ssl.create_default_context(cafile=sys.argv[2])
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    with smtplib.SMTP("localhost", int(sys.argv[1]), "client.test") as smtp:
        smtp.ehlo()
        smtp.starttls(context=trust)
        smtp.ehlo()
        print(smtp.sock.version(), smtp.noop())


if __name__ == "__main__":
    main()
