package dev.mooring.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.transport.HttpClientTransportDynamic;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.eclipse.jetty.http2.client.transport.ClientConnectionFactoryOverHTTP2;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.client.ClientUpgradeRequest;
import org.eclipse.jetty.websocket.client.WebSocketClient;

/**
 * Opens WebSockets in the ways that the JDK's client does not know: over HTTP/2 (RFC 8441), compressed. Thread-safe.
 */
final class LineClient implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** How a WebSocket is carried. */
    enum Carrier {
        /** RFC 6455, plain. */
        HTTP_1,
        /** RFC 6455, every message compressed (RFC 7692). */
        DEFLATE,
        /** RFC 8441, on one connection with others. */
        HTTP_2
    }

    private final WebSocketClient overHttp1;
    private final WebSocketClient overHttp2;

    /** Starts a client that holds no connection yet. */
    LineClient() {
        var connector = new ClientConnector();
        var http2 = new ClientConnectionFactoryOverHTTP2.HTTP2(new HTTP2Client(connector));
        overHttp1 = new WebSocketClient(new HttpClient());
        var client = new HttpClient(new HttpClientTransportDynamic(connector, http2));
        // Left to itself, this client reads on where the answer to the upgrade ends, and swallows the first frames.
        client.getRequestListeners()
                .addQueuedListener(request -> request.onResponseContentSource((response, content) -> {}));
        overHttp2 = new WebSocketClient(client);
        start(overHttp1);
        start(overHttp2);
    }

    private static void start(WebSocketClient client) {
        try {
            client.start();
        } catch (Exception failure) {
            throw new IllegalStateException("the WebSocket client did not start", failure);
        }
    }

    /** Opens a WebSocket with a {@code Cookie} header of this text. Blocks until it is open. */
    Line opens(URI uri, Carrier carrier, String cookies) {
        var upgrade = new ClientUpgradeRequest(uri);
        upgrade.setHeader("Cookie", cookies);
        if (carrier == Carrier.DEFLATE) {
            upgrade.addExtensions("permessage-deflate");
        }
        var line = new Line(uri);
        try {
            (carrier == Carrier.HTTP_2 ? overHttp2 : overHttp1)
                    .connect(line.ears, upgrade)
                    .get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            return line;
        } catch (IOException failure) {
            throw new UncheckedIOException(uri + ": not opened over " + carrier, failure);
        } catch (ExecutionException | TimeoutException failure) {
            throw new IllegalStateException(uri + ": not opened over " + carrier, failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(uri + ": interrupted", interrupted);
        }
    }

    @Override
    public void close() throws Exception {
        overHttp1.close();
        overHttp2.close();
    }

    /** One WebSocket. Thread-safe, but one thread at a time should ask. */
    static final class Line {
        private final URI uri;
        private final Ears ears = new Ears();

        private Line(URI uri) {
            this.uri = uri;
        }

        /** Sends a message and returns the next one that comes. Blocks. */
        String asks(String message) {
            sends(message);
            return hears();
        }

        /** Sends a message, and does not wait. */
        void sends(String message) {
            ears.opened.join().sendText(message, Callback.NOOP);
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

        /** Which extensions were agreed on, as the header says. */
        String extensions() {
            return String.valueOf(ears.opened.join().getUpgradeResponse().getHeader("Sec-WebSocket-Extensions"));
        }

        /** Closes from this side, and does not wait. */
        void close(int code) {
            ears.opened.join().close(code, "", Callback.NOOP);
        }

        /** Goes without a word: over HTTP/1.1 the connection ends, over HTTP/2 its stream. */
        void disconnect() {
            ears.opened.join().disconnect();
        }

        /** How the other side closed; empty where it is still open after {@code limit}. */
        Optional<Socket.Close> closed(Duration limit) {
            try {
                return Optional.of(ears.close.get(limit.toMillis(), TimeUnit.MILLISECONDS));
            } catch (TimeoutException stillOpen) {
                return Optional.empty();
            } catch (ExecutionException | InterruptedException failure) {
                throw new IllegalStateException(uri + ": no close", failure);
            }
        }
    }

    /** Public, as Jetty's client wants it. */
    public static final class Ears implements Session.Listener.AutoDemanding {
        private static final String END = "\0end";

        private final CompletableFuture<Session> opened = new CompletableFuture<>();
        private final CompletableFuture<Socket.Close> close = new CompletableFuture<>();
        private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();

        @Override
        public void onWebSocketOpen(Session session) {
            opened.complete(session);
        }

        @Override
        public void onWebSocketText(String message) {
            messages.add(message);
        }

        @Override
        public void onWebSocketClose(int code, String reason, Callback callback) {
            callback.succeed();
            close.complete(new Socket.Close(code, String.valueOf(reason), System.nanoTime()));
            messages.add(END);
        }
    }
}
