package live;

import jakarta.servlet.http.HttpSession;
import jakarta.websocket.CloseReason;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.HandshakeResponse;
import jakarta.websocket.OnClose;
import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.server.HandshakeRequest;
import jakarta.websocket.server.ServerEndpoint;
import jakarta.websocket.server.ServerEndpointConfig;

/** The classic idiom: a {@code Configurator} stores {@code HandshakeRequest.getHttpSession()} for the endpoint. */
@ServerEndpoint(value = "/configured", configurator = ConfiguredEndpoint.SessionConfigurator.class)
public class ConfiguredEndpoint {
    private static final String KEPT = "live.session";

    private Talk talk;

    /** Begins the talk with what the configurator kept. */
    @OnOpen
    public void open(EndpointConfig config) {
        talk = new Talk("configured", (HttpSession) config.getUserProperties().get(KEPT));
    }

    /** Answers one message. */
    @OnMessage
    public String message(String message) {
        return talk.answer(message);
    }

    /** Notes the close. */
    @OnClose
    public void close(CloseReason reason) {
        talk.closed(reason);
    }

    /** Notes the error. */
    @OnError
    public void error(Throwable failure) {
        talk.failed(failure);
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
