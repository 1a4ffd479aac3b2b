package spring;

import jakarta.servlet.http.HttpSession;
import java.util.Map;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.http.server.ServletServerHttpRequest;
import org.springframework.messaging.simp.config.MessageBrokerRegistry;
import org.springframework.web.servlet.config.annotation.EnableWebMvc;
import org.springframework.web.socket.WebSocketHandler;
import org.springframework.web.socket.WebSocketSession;
import org.springframework.web.socket.config.annotation.EnableWebSocketMessageBroker;
import org.springframework.web.socket.config.annotation.StompEndpointRegistry;
import org.springframework.web.socket.config.annotation.WebSocketMessageBrokerConfigurer;
import org.springframework.web.socket.config.annotation.WebSocketTransportRegistration;
import org.springframework.web.socket.handler.WebSocketHandlerDecorator;
import org.springframework.web.socket.server.standard.StandardWebSocketUpgradeStrategy;
import org.springframework.web.socket.server.support.DefaultHandshakeHandler;
import org.springframework.web.socket.server.support.HttpSessionHandshakeInterceptor;

/** STOMP as in Spring's guide; {@code /standard} upgrades by the Jakarta API also where Spring would take Jetty's. */
@Configuration
@EnableWebMvc
@EnableWebSocketMessageBroker
@Import({Basket.class, BasketController.class})
public class Stomp implements WebSocketMessageBrokerConfigurer {
    /** Attribute of a STOMP session: the live HTTP session. */
    static final String SESSION = "session";

    /** Attribute of a STOMP session: what Spring has made of the WebSocket. */
    static final String KIND = "kind";

    @Override
    public void registerStompEndpoints(StompEndpointRegistry registry) {
        // A client that asks right after it has subscribed is not to lose the answer.
        registry.setPreserveReceiveOrder(true);
        registry.addEndpoint("/stomp").addInterceptors(new WithSession());
        registry.addEndpoint("/standard")
                .setHandshakeHandler(new DefaultHandshakeHandler(new StandardWebSocketUpgradeStrategy()))
                .addInterceptors(new WithSession());
    }

    @Override
    public void configureMessageBroker(MessageBrokerRegistry registry) {
        registry.enableSimpleBroker("/queue");
        registry.setApplicationDestinationPrefixes("/app");
    }

    @Override
    public void configureWebSocketTransport(WebSocketTransportRegistration registration) {
        registration.addDecoratorFactory(Kind::new);
    }

    /** Copies the attributes, as Spring's own does, and keeps the session itself. */
    private static final class WithSession extends HttpSessionHandshakeInterceptor {
        @Override
        public boolean beforeHandshake(
                ServerHttpRequest request,
                ServerHttpResponse response,
                WebSocketHandler handler,
                Map<String, Object> attributes)
                throws Exception {
            HttpSession session =
                    ((ServletServerHttpRequest) request).getServletRequest().getSession(false);
            if (session != null) {
                attributes.put(SESSION, session);
            }
            return super.beforeHandshake(request, response, handler, attributes);
        }
    }

    /** Notes what kind of WebSocket it is. */
    private static final class Kind extends WebSocketHandlerDecorator {
        Kind(WebSocketHandler next) {
            super(next);
        }

        @Override
        public void afterConnectionEstablished(WebSocketSession session) throws Exception {
            session.getAttributes().put(KIND, session.getClass().getSimpleName());
            super.afterConnectionEstablished(session);
        }
    }
}
