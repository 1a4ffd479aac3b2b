package dev.mooring.websocket;

import java.lang.reflect.Field;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.websocket.core.WebSocketConnection;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the core session of an upgrade. {@link MooredMappings} sees it by public API and leaves it with the request.
 * Jetty's {@code JettyWebSocketServlet} makes mappings of its own; for it a private field of Jetty is read, and where
 * that is not possible its WebSockets are not bound, which one WARN says.
 */
final class CoreSessions {

    private static final Logger LOG = LoggerFactory.getLogger(CoreSessions.class);
    private static final String ATTRIBUTE = CoreSessions.class.getName();
    private static final AtomicBoolean REPORTED = new AtomicBoolean();

    private CoreSessions() {}

    static void leave(Request request, WebSocketCoreSession socket) {
        request.setAttribute(ATTRIBUTE, socket);
    }

    static @Nullable WebSocketCoreSession of(Request request, WebSocketConnection connection) {
        Object left = request.removeAttribute(ATTRIBUTE);
        if (left instanceof WebSocketCoreSession socket && socket.getConnection() == connection) {
            return socket;
        }
        try {
            Field field = WebSocketConnection.class.getDeclaredField("coreSession");
            field.setAccessible(true);
            return (WebSocketCoreSession) field.get(connection);
        } catch (ReflectiveOperationException | RuntimeException e) {
            if (REPORTED.compareAndSet(false, true)) {
                LOG.warn("WebSockets of JettyWebSocketServlet are not bound to their sessions: {}", e.toString());
            }
            return null;
        }
    }
}
