package driver;

import jakarta.servlet.http.HttpSession;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.HandshakeResponse;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.HandshakeRequest;
import jakarta.websocket.server.ServerEndpoint;
import jakarta.websocket.server.ServerEndpointConfig;

/** {@link Words} by WebSocket, for the session that the handshake handed out, kept as long as the socket is open. */
@ServerEndpoint(value = "/socket", configurator = WordEndpoint.SessionConfigurator.class)
public class WordEndpoint {
    private static final String KEPT = "driver.session";

    private HttpSession session;

    /** Takes the session that the configurator kept; the socket stays open however long nobody speaks. */
    @OnOpen
    public void open(Session socket, EndpointConfig config) {
        socket.setMaxIdleTimeout(0);
        session = (HttpSession) config.getUserProperties().get(KEPT);
    }

    /** Answers one message. */
    @OnMessage
    public String message(String message) {
        return Words.answer(session, message);
    }

    /** Keeps the handshake's session. */
    public static class SessionConfigurator extends ServerEndpointConfig.Configurator {
        @Override
        public void modifyHandshake(ServerEndpointConfig config, HandshakeRequest request, HandshakeResponse response) {
            if (request.getHttpSession() instanceof HttpSession session) {
                config.getUserProperties().put(KEPT, session);
            }
        }
    }
}
