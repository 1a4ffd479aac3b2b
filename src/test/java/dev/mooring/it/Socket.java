package dev.mooring.it;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A WebSocket client that keeps what it is told, and how it is closed. Thread-safe, but one thread at a time should
 * ask.
 */
final class Socket implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final URI uri;
    private final Ears ears = new Ears();
    private @Nullable WebSocket webSocket;

    /**
     * How the other side closed.
     *
     * @param code the close code; 1006 where the connection ended without a close frame
     * @param nanoTime when it was heard, as {@link System#nanoTime()}
     */
    record Close(int code, String reason, long nanoTime) {}

    private Socket(URI uri) {
        this.uri = uri;
    }

    /** Opens a WebSocket. Blocks until it is open. */
    static Socket open(HttpClient http, URI uri) {
        var socket = new Socket(uri);
        socket.webSocket = get(http.newWebSocketBuilder().connectTimeout(LIMIT).buildAsync(uri, socket.ears), LIMIT);
        return socket;
    }

    /** Sends a message and returns the next one that comes. Blocks. */
    String asks(String message) {
        sends(message);
        return hears();
    }

    /** Sends a message. Blocks until it is handed to the network. */
    void sends(String message) {
        get(webSocket().sendText(message, true), LIMIT);
    }

    /** Sends a part of a message that others follow. Blocks until it is handed to the network. */
    void sendsPart(String part) {
        get(webSocket().sendText(part, false), LIMIT);
    }

    /** Sends a binary message. Blocks until it is handed to the network. */
    void sendsBytes() {
        get(webSocket().sendBinary(ByteBuffer.allocate(8), true), LIMIT);
    }

    /** Sends a ping and a pong that nobody asked for. Blocks until both are handed to the network. */
    void pings() {
        get(webSocket().sendPing(ByteBuffer.allocate(0)), LIMIT);
        get(webSocket().sendPong(ByteBuffer.allocate(0)), LIMIT);
    }

    /** The next message. Blocks. */
    String hears() {
        try {
            String message = ears.messages.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            if (message == null || message.equals(Ears.END)) {
                throw new AssertionError(uri + ": no message, " + ears.close.getNow(null));
            }
            return message;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(uri + ": interrupted", interrupted);
        }
    }

    /** Whether the other side has left it open so far. */
    boolean isOpen() {
        return !ears.close.isDone();
    }

    /** How the other side closed; empty while it is open. */
    Optional<Close> close(Duration limit) {
        try {
            return Optional.of(ears.close.get(limit.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException stillOpen) {
            return Optional.empty();
        } catch (ExecutionException | InterruptedException failure) {
            throw new IllegalStateException(uri + ": no close", failure);
        }
    }

    /**
     * Closes from this side as a browser does, and waits for the other side's answer; does nothing where it is closed.
     */
    @Override
    public void close() {
        if (isOpen()) {
            get(webSocket().sendClose(WebSocket.NORMAL_CLOSURE, ""), LIMIT);
            close(LIMIT).orElseThrow(() -> new AssertionError(uri + ": the close was not answered"));
        }
    }

    /** The endpoint's address. */
    @Override
    public String toString() {
        return uri.toString();
    }

    private WebSocket webSocket() {
        WebSocket opened = webSocket;
        if (opened == null) {
            throw new IllegalStateException(uri + ": not open yet");
        }
        return opened;
    }

    private static <T> T get(CompletableFuture<T> future, Duration limit) {
        try {
            return future.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException failure) {
            throw new IllegalStateException("the WebSocket did not do it", failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", interrupted);
        }
    }

    private static final class Ears implements WebSocket.Listener {
        private static final String END = "\0end";

        private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
        private final CompletableFuture<Close> close = new CompletableFuture<>();
        private final StringBuilder part = new StringBuilder();

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
            part.append(data);
            if (last) {
                messages.add(part.toString());
                part.setLength(0);
            }
            webSocket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket webSocket, int code, String reason) {
            end(code, reason);
            return null;
        }

        @Override
        public void onError(WebSocket webSocket, Throwable failure) {
            end(1006, failure.toString());
        }

        private void end(int code, String reason) {
            close.complete(new Close(code, reason, System.nanoTime()));
            messages.add(END);
        }
    }
}
