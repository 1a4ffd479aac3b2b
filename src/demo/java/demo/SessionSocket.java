package demo;

import jakarta.servlet.http.HttpSession;
import jakarta.websocket.CloseReason;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.HandshakeResponse;
import jakarta.websocket.OnClose;
import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.HandshakeRequest;
import jakarta.websocket.server.ServerEndpoint;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * The page's way by WebSocket. It keeps the {@code HttpSession} of the handshake as applications have done for ten
 * years, reads it on a timer thread every 250 ms and pushes what has changed, and writes to it in {@code @OnMessage}.
 * What the page shows of this node is therefore what that one object answers, long after the upgrade request is over.
 */
@ServerEndpoint(value = "/socket", configurator = SessionSocket.Handshake.class)
public class SessionSocket {

    private static final String KEY = "demo.session";
    private static final long LOOK_MILLIS = 250;
    private static final String SEPARATOR = "\n";

    private HttpSession httpSession;
    private ScheduledFuture<?> looking;
    private volatile String shown = "";

    /** Keeps the session for the endpoint, and pages of other sites out. */
    public static class Handshake extends ServerEndpointConfig.Configurator {

        @Override
        public boolean checkOrigin(String origin) {
            return origin == null || Nodes.isOrigin(origin);
        }

        @Override
        public void modifyHandshake(ServerEndpointConfig config, HandshakeRequest request, HandshakeResponse response) {
            if (request.getHttpSession() instanceof HttpSession session) {
                config.getUserProperties().put(KEY, session);
            }
        }
    }

    @OnOpen
    public void open(Session socket, EndpointConfig config) throws IOException {
        httpSession = (HttpSession) config.getUserProperties().get(KEY);
        if (httpSession == null) {
            socket.close(new CloseReason(CloseReason.CloseCodes.VIOLATED_POLICY, "no session"));
            return;
        }
        looking = Timer.of(httpSession.getServletContext())
                .scheduleWithFixedDelay(() -> look(socket), 0, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    @OnMessage
    public void message(String message, Session socket) throws IOException {
        String[] words = message.split(SEPARATOR, 3);
        try {
            switch (words[0]) {
                case "count" -> send(socket, "{\"counted\":" + SessionView.count(httpSession, "WS") + "}");
                case "set" ->
                    SessionView.set(
                            httpSession, words.length > 1 ? words[1] : null, words.length > 2 ? words[2] : null);
                case "remove" -> httpSession.removeAttribute(words[words.length - 1]);
                default -> throw new IllegalArgumentException("message: expected count, set or remove");
            }
        } catch (IllegalArgumentException refused) {
            send(socket, "{\"refused\":" + SessionView.quoted(refused.getMessage()) + "}");
        } catch (IllegalStateException ended) {
            send(socket, "{\"refused\":\"the session has ended\"}");
        }
    }

    @OnClose
    public void close() {
        if (looking != null) {
            looking.cancel(false);
        }
    }

    @OnError
    public void error(Session socket, Throwable failure) {
        if (httpSession != null && socket.isOpen()) {
            httpSession.getServletContext().log("node " + Nodes.here() + ": socket failed", failure);
        }
    }

    /** On the timer's thread, outside any request: reads the session, and pushes what it says if that is new. */
    private void look(Session socket) {
        String now;
        try {
            now = SessionView.of(httpSession);
        } catch (IllegalStateException ended) {
            now = "{\"ended\":true}";
        } catch (RuntimeException unreadable) {
            now = "{\"refused\":" + SessionView.quoted(String.valueOf(unreadable.getMessage())) + "}";
        }
        try {
            if (!now.equals(shown) && socket.isOpen()) {
                shown = now;
                send(socket, now);
            }
        } catch (IOException failure) {
            looking.cancel(false);
        }
    }

    /** The timer and the messages meet here. */
    private static void send(Session socket, String text) throws IOException {
        synchronized (socket) {
            if (socket.isOpen()) {
                socket.getBasicRemote().sendText(text);
            }
        }
    }
}
