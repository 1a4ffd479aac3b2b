package dev.mooring.websocket;

import dev.mooring.session.Environment;
import java.util.Optional;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Session;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.websocket.core.Configuration;
import org.eclipse.jetty.websocket.core.FrameHandler;
import org.eclipse.jetty.websocket.core.WebSocketComponents;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.eclipse.jetty.websocket.core.server.Handshaker;
import org.eclipse.jetty.websocket.core.server.ServerUpgradeRequest;
import org.eclipse.jetty.websocket.core.server.ServerUpgradeResponse;
import org.eclipse.jetty.websocket.core.server.WebSocketMappings;
import org.eclipse.jetty.websocket.core.server.WebSocketNegotiator;
import org.eclipse.jetty.websocket.core.server.WebSocketServerComponents;
import org.jspecify.annotations.Nullable;

/**
 * The WebSocket mappings of one web application, put in place before Jetty would make its own: every upgrade passes
 * here, from the filter, from {@code ServerContainer.upgradeHttpToWebSocket} and from Jetty's container. Adds the
 * session to the user properties, and notes the core session for {@link UpgradeStream}.
 */
public final class MooredMappings extends WebSocketMappings {

    /** The user property by which an endpoint finds the session without a configurator. */
    static final String HTTP_SESSION = "jakarta.servlet.http.HttpSession";

    private final ContextHandler context;
    private final Handshaker handshaker;

    private MooredMappings(ContextHandler context) {
        this.context = context;
        Handshaker jettys = super.getHandshaker();
        handshaker = new Handshaker() {
            @Override
            public boolean isWebSocketUpgradeRequest(Request request) {
                return jettys.isWebSocketUpgradeRequest(request);
            }

            @Override
            public boolean upgradeRequest(
                    WebSocketNegotiator negotiator,
                    Request request,
                    Response response,
                    Callback callback,
                    WebSocketComponents components,
                    Configuration.Customizer customizer) {
                return jettys.upgradeRequest(
                        new MooredNegotiator(negotiator, request), request, response, callback, components, customizer);
            }
        };
    }

    /**
     * Puts mappings of ours into a web application.
     *
     * @param context its context, still stopped
     */
    public static void install(ContextHandler context) {
        MooredMappings mappings = new MooredMappings(context);
        context.setAttribute(WEBSOCKET_MAPPING_ATTRIBUTE, mappings);
        context.addEventListener(new LifeCycle.Listener() {
            @Override
            public void lifeCycleStopped(LifeCycle event) {
                // A context that starts again adds its endpoints again.
                mappings.clear();
            }
        });
    }

    @Override
    public Handshaker getHandshaker() {
        return handshaker;
    }

    /** Jetty's components for this web application; they do not exist yet when this object is made. */
    @Override
    public WebSocketComponents getWebSocketComponents() {
        return WebSocketServerComponents.getWebSocketComponents(context);
    }

    @Override
    public boolean upgrade(
            @Nullable WebSocketNegotiator negotiator,
            Request request,
            Response response,
            Callback callback,
            Configuration.Customizer customizer) {
        return negotiator != null
                && handshaker.upgradeRequest(
                        negotiator, request, response, callback, getWebSocketComponents(), customizer);
    }

    /** Stands between Jetty's handshake and an endpoint's negotiator, for one upgrade. */
    private record MooredNegotiator(WebSocketNegotiator endpoint, Request request) implements WebSocketNegotiator {

        @Override
        public @Nullable FrameHandler negotiate(
                ServerUpgradeRequest upgrade, ServerUpgradeResponse response, Callback callback) {
            FrameHandler handler = endpoint.negotiate(upgrade, response, callback);
            if (handler != null) {
                // After the application's Configurator: what that has put there stays. And as the upgrade's request
                // has it, which may be a wrapper of the application's.
                Environment.userProperties(handler)
                        .ifPresent(properties ->
                                session(upgrade).ifPresent(session -> properties.putIfAbsent(HTTP_SESSION, session)));
            }
            return handler;
        }

        private Optional<Object> session(ServerUpgradeRequest upgrade) {
            return Environment.httpSession(upgrade)
                    .or(() -> Optional.ofNullable(request.getSession(false)).map(Session::getApi));
        }

        @Override
        public void customize(Configuration configuration) {
            endpoint.customize(configuration);
            if (configuration instanceof WebSocketCoreSession socket) {
                CoreSessions.leave(request, socket);
            }
        }
    }
}
