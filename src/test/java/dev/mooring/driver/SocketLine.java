package dev.mooring.driver;

import dev.mooring.nodes.JettyNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Words by WebSocket to one node, one message each, over a socket that stays open. Blocks; not thread-safe. */
final class SocketLine implements AutoCloseable {
    private static final String PATH = "/driver/socket";
    private static final int TEXT = 1;
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int PONG = 10;
    private static final int FINAL = 0x80;
    private static final int MASKED = 0x80;
    private static final int LONGEST = 125;
    private static final int TWO_BYTES = 126;

    private final int node;
    private final Wire wire;

    private SocketLine(int node, Wire wire) {
        this.node = node;
        this.wire = wire;
    }

    /** Opens a socket that brings this cookie. */
    static SocketLine open(int number, JettyNode node, String cookie) throws IOException {
        var wire = new Wire(node);
        wire.sendGet(
                PATH,
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: " + cookie + "\r\n");
        String status = wire.readHead().get("");
        if (!"101".equals(status)) {
            wire.close();
            throw new IOException(node.name() + " answered " + status + " to an upgrade");
        }
        return new SocketLine(number, wire);
    }

    /** The number of the node to which it is open. */
    int node() {
        return node;
    }

    /**
     * Says {@code words} and returns the answer.
     *
     * @throws IOException if no answer came: what the words were to do may be done or not
     */
    String say(String words) throws IOException {
        wire.send(frame(TEXT, words));
        while (true) {
            int opcode = wire.read() & 0x0f;
            String payload = readPayload();
            switch (opcode) {
                case TEXT -> {
                    return payload;
                }
                case PING -> wire.send(frame(PONG, payload));
                case CLOSE ->
                    throw new IOException("the node has closed the socket: "
                            + (payload.length() > 2 ? payload.substring(2) : "no reason"));
                default -> throw new IOException("a frame of kind " + opcode);
            }
        }
    }

    private String readPayload() throws IOException {
        int length = wire.read();
        if (length == TWO_BYTES) {
            length = (wire.read() << 8) | wire.read();
        } else if (length > TWO_BYTES) {
            throw new IOException("a frame too long for an answer");
        }
        return wire.readText(length);
    }

    /** A frame as clients send it; its mask is zero, so that the payload goes as it is. */
    private static byte[] frame(int opcode, String payload) throws IOException {
        byte[] bytes = payload.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > LONGEST) {
            throw new IOException("a message too long: " + payload);
        }
        return ByteBuffer.allocate(6 + bytes.length)
                .put((byte) (FINAL | opcode))
                .put((byte) (MASKED | bytes.length))
                .putInt(0)
                .put(bytes)
                .array();
    }

    /** Closes from this side as a browser does, and waits for the node's answer, so that the node has nothing to complain about. */
    @Override
    public void close() throws IOException {
        try (wire) {
            wire.send(frame(CLOSE, ""));
            for (int opcode = 0; opcode != CLOSE; ) {
                opcode = wire.read() & 0x0f;
                readPayload();
            }
        }
    }

    /** Goes away without a word. */
    void drop() throws IOException {
        wire.close();
    }
}
