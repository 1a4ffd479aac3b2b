package dev.mooring.driver;

import dev.mooring.nodes.JettyNode;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A blocking connection to a node. It has no thread of its own: on two processors that three nodes share with the
 * driver, each hand-over between threads would cost more than the request itself. Not thread-safe.
 */
final class Wire implements AutoCloseable {
    /** Longer than any wait that the module allows itself. */
    private static final int LIMIT_MILLIS = 30_000;

    private final Socket socket = new Socket();
    private final InputStream in;
    private final OutputStream out;

    /** Connects. Blocks. */
    Wire(JettyNode node) throws IOException {
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(LIMIT_MILLIS);
            socket.connect(
                    new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), node.httpPort()),
                    LIMIT_MILLIS);
            in = new BufferedInputStream(socket.getInputStream());
            out = socket.getOutputStream();
        } catch (IOException failure) {
            socket.close();
            throw failure;
        }
    }

    /** Sends all of it at once. */
    void send(byte[] bytes) throws IOException {
        out.write(bytes);
    }

    /** Sends a GET. */
    void sendGet(String path, String moreHeaders) throws IOException {
        send(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + moreHeaders + "\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    }

    /** Reads a status line and headers; the status is found under the empty name, the other names are in lower case. */
    Map<String, String> readHead() throws IOException {
        var head = new HashMap<String, String>();
        head.put("", readLine().split(" ", 3)[1]);
        for (String line = readLine(); !line.isEmpty(); line = readLine()) {
            int colon = line.indexOf(':');
            head.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        return head;
    }

    /** Reads one byte. */
    int read() throws IOException {
        int next = in.read();
        if (next < 0) {
            throw new EOFException("the node has closed the connection");
        }
        return next;
    }

    /** Reads text of so many bytes. */
    String readText(int length) throws IOException {
        return new String(readBytes(length), StandardCharsets.UTF_8);
    }

    /** Reads so many bytes. */
    byte[] readBytes(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("the node has closed the connection");
        }
        return bytes;
    }

    /** How long a read waits from now on. */
    void timeout(Duration limit) throws IOException {
        socket.setSoTimeout((int) limit.toMillis());
    }

    private String readLine() throws IOException {
        var line = new StringBuilder();
        for (int next = read(); next != '\n'; next = read()) {
            line.append((char) next);
        }
        line.setLength(line.length() - 1);
        return line.toString();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException failure) {
            // Nothing was to be sent any more.
            throw new UncheckedIOException(failure);
        }
    }
}
