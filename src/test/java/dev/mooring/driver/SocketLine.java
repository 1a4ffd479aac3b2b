package dev.mooring.driver;

import dev.mooring.nodes.JettyNode;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

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
    private static final int NO_CODE = 1005;

    private final int node;
    private final Wire wire;
    private boolean dropped;

    private SocketLine(int node, Wire wire) {
        this.node = node;
        this.wire = wire;
    }

    /** The node has closed the socket. */
    static final class ClosedException extends IOException {
        private static final long serialVersionUID = 1L;

        private final String code;

        ClosedException(int code, String reason) {
            super("the node has closed the socket: " + code + " " + reason);
            this.code = String.valueOf(code);
        }

        /** The close code. */
        String code() {
            return code;
        }
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
        wire.send(frame(TEXT, words.getBytes(StandardCharsets.UTF_8)));
        while (true) {
            int opcode = wire.read() & 0x0f;
            byte[] payload = readPayload();
            switch (opcode) {
                case TEXT -> {
                    return new String(payload, StandardCharsets.UTF_8);
                }
                case PING -> wire.send(frame(PONG, payload));
                case CLOSE -> throw closed(payload);
                default -> throw new IOException("a frame of kind " + opcode);
            }
        }
    }

    private static ClosedException closed(byte[] payload) {
        int code = payload.length < 2 ? NO_CODE : (payload[0] & 0xff) << 8 | payload[1] & 0xff;
        String reason = payload.length < 2 ? "" : new String(payload, 2, payload.length - 2, StandardCharsets.UTF_8);
        return new ClosedException(code, reason);
    }

    /** Waits until the node closes the socket; returns the close code, or {@link Operation#STILL_OPEN}. */
    String awaitClose(Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        try {
            while (true) {
                wire.timeout(Duration.ofNanos(Math.max(1_000_000, deadline - System.nanoTime())));
                int opcode = wire.read() & 0x0f;
                byte[] payload = readPayload();
                if (opcode == CLOSE) {
                    return closed(payload).code();
                }
            }
        } catch (SocketTimeoutException stillOpen) {
            return Operation.STILL_OPEN;
        } catch (IOException failure) {
            return "1006";
        } finally {
            drop();
        }
    }

    private byte[] readPayload() throws IOException {
        int length = wire.read();
        if (length == TWO_BYTES) {
            length = (wire.read() << 8) | wire.read();
        } else if (length > TWO_BYTES) {
            throw new IOException("a frame too long for an answer");
        }
        return wire.readBytes(length);
    }

    /** A frame as clients send it; its mask is zero, so that the payload goes as it is. */
    private static byte[] frame(int opcode, byte[] bytes) throws IOException {
        if (bytes.length > LONGEST) {
            throw new IOException("a message of " + bytes.length + " bytes, too long");
        }
        return ByteBuffer.allocate(6 + bytes.length)
                .put((byte) (FINAL | opcode))
                .put((byte) (MASKED | bytes.length))
                .putInt(0)
                .put(bytes)
                .array();
    }

    /**
     * Closes from this side as a browser does, and waits for the node's answer, so that the node has nothing to
     * complain about.
     */
    @Override
    public void close() {
        try {
            if (!dropped) {
                wire.send(frame(CLOSE, new byte[0]));
                for (int opcode = 0; opcode != CLOSE; ) {
                    opcode = wire.read() & 0x0f;
                    readPayload();
                }
            }
        } catch (IOException closedThere) {
            dropped = true;
        } finally {
            drop();
        }
    }

    /** Whether it was dropped: there is no more to say. */
    boolean isDropped() {
        return dropped;
    }

    /** Goes away without a word. */
    void drop() {
        dropped = true;
        wire.close();
    }
}
