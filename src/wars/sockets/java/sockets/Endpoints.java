package sockets;

import jakarta.servlet.http.HttpSession;
import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.HandshakeResponse;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.OnClose;
import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.HandshakeRequest;
import jakarta.websocket.server.ServerEndpoint;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;

/** The Jakarta endpoints. */
final class Endpoints {
    private static final String USER_PROPERTY = "jakarta.servlet.http.HttpSession";

    private Endpoints() {}

    /** The session that the container left in the user properties; null where the upgrade brought none. */
    static HttpSession sessionOf(Session socket) {
        return (HttpSession) socket.getUserProperties().get(USER_PROPERTY);
    }

    /** Whether every open socket of the endpoint has the same session as this one. */
    private static boolean allHave(Session socket, HttpSession session) {
        return socket.getOpenSessions().stream().allMatch(open -> sessionOf(open) == session);
    }

    /** An annotated endpoint without a {@code Configurator}. */
    @ServerEndpoint("/annotated")
    public static class Annotated {
        private HttpSession http;

        /** Takes the session. */
        @OnOpen
        public void open(Session socket) {
            http = sessionOf(socket);
        }

        /** Answers one message; a slash asks about the socket itself. */
        @OnMessage
        public String message(String message, Session socket) {
            Answers.DELIVERED.incrementAndGet();
            return switch (message) {
                case "/same" -> String.valueOf(allHave(socket, http));
                case "/who" ->
                    socket.getUserPrincipal() == null
                            ? "nobody"
                            : socket.getUserPrincipal().getName();
                default -> Answers.to(http, message);
            };
        }

        /** Notes the error. */
        @OnError
        public void error(Throwable failure) {
            Answers.failed(http, failure);
        }

        /** Notes the close. */
        @OnClose
        public void close(CloseReason reason) {
            Answers.note(http, "close", String.valueOf(reason.getCloseCode().getCode()));
        }
    }

    /** A configurator that writes to the session and keeps it where the container would, wrapped by the application. */
    @ServerEndpoint(value = "/configured", configurator = Configured.Writer.class)
    public static class Configured {
        private HttpSession http;

        /** Takes the session. */
        @OnOpen
        public void open(EndpointConfig config) {
            http = (HttpSession) config.getUserProperties().get("kept");
        }

        /** Answers one message; a slash asks about the user property. */
        @OnMessage
        public String message(String message, Session socket) {
            return message.equals("/property")
                    ? String.valueOf(socket.getUserProperties().get(USER_PROPERTY))
                    : Answers.to(http, message);
        }

        /** Writes to the session before the upgrade is answered. */
        public static class Writer extends ServerEndpointConfig.Configurator {
            @Override
            public void modifyHandshake(
                    ServerEndpointConfig config, HandshakeRequest request, HandshakeResponse response) {
                if (request.getHttpSession() instanceof HttpSession session) {
                    config.getUserProperties().put("kept", session);
                    config.getUserProperties().put(USER_PROPERTY, "the application's own");
                    request.getParameterMap()
                            .getOrDefault("note", java.util.List.of())
                            .forEach(note -> session.setAttribute("handshake", note));
                }
            }
        }
    }

    /** Takes messages in parts, as they come, and whole binary ones. */
    @ServerEndpoint("/parts")
    public static class Parts {
        private int parts;

        /** Counts a binary message as a part. */
        @OnMessage
        public void bytes(byte[] bytes) {
            parts++;
        }

        /** Answers how many parts there have been, at the end of a message. */
        @OnMessage
        public String part(String part, boolean last) {
            parts++;
            return last ? String.valueOf(parts) : null;
        }
    }

    /** Tells all others when one leaves, and waits until they are told. */
    @ServerEndpoint("/chat")
    public static class Chat {
        /** Echoes. */
        @OnMessage
        public String message(String message) {
            return message;
        }

        /** Tells the others. */
        @OnClose
        public void close(Session socket) throws IOException {
            for (Session other : socket.getOpenSessions()) {
                if (other.isOpen()) {
                    other.getBasicRemote().sendText("somebody has left");
                }
            }
        }
    }

    /** Has a lambda for its messages, which tells the container nothing of their type. */
    @ServerEndpoint("/lambda")
    public static class Lambda {
        /** Answers one message. */
        @OnOpen
        public void open(Session socket) {
            socket.addMessageHandler(
                    String.class, message -> socket.getAsyncRemote().sendText(Answers.to(sessionOf(socket), message)));
        }
    }

    /** An endpoint without an annotation. */
    public static class Programmatic extends Endpoint {
        private HttpSession http;

        @Override
        public void onOpen(Session socket, EndpointConfig config) {
            http = sessionOf(socket);
            // A named class: a lambda would hide the message type from the container.
            socket.addMessageHandler(new MessageHandler.Whole<String>() {
                @Override
                public void onMessage(String message) {
                    Answers.DELIVERED.incrementAndGet();
                    socket.getAsyncRemote().sendText(Answers.to(http, message));
                }
            });
        }

        @Override
        public void onError(Session socket, Throwable failure) {
            Answers.failed(http, failure);
        }

        @Override
        public void onClose(Session socket, CloseReason reason) {
            Answers.note(http, "close", String.valueOf(reason.getCloseCode().getCode()));
        }
    }
}
