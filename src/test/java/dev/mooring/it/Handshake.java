package dev.mooring.it;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** An upgrade request with whatever headers, byte by byte as no client library lets one send it, and its answer. */
record Handshake(int status, List<String> headers, String body) {
    private static final int LIMIT_MS = 20_000;

    /** Asks for a WebSocket and closes the connection after the answer, whatever it is. Blocks. */
    static Handshake ask(URI uri, String... headers) {
        try (var connection = open(uri, headers)) {
            var in = new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8));
            int status = Integer.parseInt(in.readLine().split(" ", 3)[1]);
            var fields = new ArrayList<String>();
            int length = 0;
            for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                fields.add(line);
                if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                    length = Integer.parseInt(
                            line.substring(line.indexOf(':') + 1).strip());
                }
            }
            var body = new char[length];
            int read = 0;
            while (read < length) {
                int more = in.read(body, read, length - read);
                if (more < 0) {
                    break;
                }
                read += more;
            }
            return new Handshake(status, fields, new String(body, 0, read));
        } catch (IOException failure) {
            throw new UncheckedIOException(uri + ": no answer", failure);
        }
    }

    /** Sends the request, and reads nothing. */
    static Socket open(URI uri, String... headers) throws IOException {
        var connection = new Socket(uri.getHost(), uri.getPort());
        connection.setSoTimeout(LIMIT_MS);
        var request = new StringBuilder("GET " + uri.getRawPath() + " HTTP/1.1\r\nHost: " + uri.getHost() + ":"
                + uri.getPort()
                + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        for (String header : headers) {
            request.append(header).append("\r\n");
        }
        connection.getOutputStream().write(request.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
        return connection;
    }

    /** A close frame as a client sends it, masked with zeros. */
    static byte[] close(int code) {
        return new byte[] {(byte) 0x88, (byte) 0x82, 0, 0, 0, 0, (byte) (code >> 8), (byte) code};
    }

    /** A short text message as a client sends it, masked with zeros. */
    static byte[] message(String text) {
        byte[] payload = text.getBytes(StandardCharsets.UTF_8);
        var frame = new byte[6 + payload.length];
        frame[0] = (byte) 0x81;
        frame[1] = (byte) (0x80 | payload.length);
        System.arraycopy(payload, 0, frame, 6, payload.length);
        return frame;
    }
}
