package dev.mooring.session;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.security.Principal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.server.Context;
import org.eclipse.jetty.server.Session;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.util.Attributes;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What only the classes of an environment (ee8 to ee11) know, asked by the names of public methods: one jar serves them
 * all, and compiles against none. A method that is not there means no answer, never a failure.
 */
public final class Environment {

    private static final Logger LOG = LoggerFactory.getLogger(Environment.class);

    private static final String ACTIVATION_LISTENER = ".servlet.http.HttpSessionActivationListener";

    private static final List<String> SESSION_LISTENERS =
            List.of(".servlet.http.HttpSessionListener", ".servlet.http.HttpSessionIdListener");

    /** Where Jetty's environments leave the request of an upgrade for those who make the endpoint. */
    private static final String WRAPPED_REQUEST = "org.eclipse.jetty.websocket.wrappedRequest";

    private Environment() {}

    /**
     * Tells whether a web application says {@code <distributable/>} (Jakarta Servlet 7.7.2); false also where its context
     * comes from no descriptor.
     */
    static boolean isDistributable(Context context) {
        if (!(context instanceof ContextHandler.ScopedContext scoped)) {
            return false;
        }
        // The context has a flag of that name too, which no descriptor sets.
        return call(scoped.getContextHandler(), "getMetaData")
                .flatMap(descriptors -> call(descriptors, "isDistributable"))
                .filter(Boolean.TRUE::equals)
                .isPresent();
    }

    /**
     * Returns the user properties of the handshake that made a frame handler, which {@code Session.getUserProperties()}
     * starts from (Jakarta WebSocket 2.5).
     *
     * @param frameHandler Jetty's frame handler of a Jakarta endpoint
     * @return the properties, to be added to; nothing for another API's frame handler
     */
    @SuppressWarnings("unchecked")
    public static Optional<Map<String, Object>> userProperties(Object frameHandler) {
        return call(frameHandler, "getEndpointConfig")
                .flatMap(config -> call(config, "getUserProperties"))
                .filter(Map.class::isInstance)
                .map(properties -> (Map<String, Object>) properties);
    }

    /**
     * Returns whom the upgrade was authenticated as that made a frame handler ({@code Session.getUserPrincipal()}).
     *
     * @param frameHandler Jetty's frame handler of an endpoint, of whatever API
     * @return the user; nothing for an upgrade of nobody
     */
    public static Optional<Principal> principal(Object frameHandler) {
        return call(frameHandler, "getUpgradeRequest")
                .flatMap(upgrade -> call(upgrade, "getUserPrincipal"))
                .filter(Principal.class::isInstance)
                .map(Principal.class::cast);
    }

    /**
     * Tells whether an interface is that of listeners of a session's creation and end, or of its id (Jakarta Servlet
     * 11.3).
     */
    static boolean isSessionListener(Class<?> side) {
        return SESSION_LISTENERS.stream().anyMatch(side.getName()::endsWith);
    }

    /**
     * Tells whether values of a type want to hear when their session comes to a node and leaves it (Jakarta Servlet
     * 7.7.2).
     */
    static boolean isActivationListener(Class<?> type) {
        return activationListener(type) != null;
    }

    /** Tells a value that its session has come to this node. What it throws is logged, and stops nothing. */
    static void activated(Object value, Session session) {
        tell(value, "sessionDidActivate", session);
    }

    /** Tells a value that its session is about to leave this node. What it throws is logged, and stops nothing. */
    static void passivating(Object value, Session session) {
        tell(value, "sessionWillPassivate", session);
    }

    private static void tell(Object value, String name, Session session) {
        Class<?> listener = activationListener(value.getClass());
        if (listener == null) {
            return;
        }
        try {
            for (Method method : listener.getMethods()) {
                if (method.getName().equals(name)) {
                    Object event =
                            method.getParameterTypes()[0].getConstructors()[0].newInstance((Object) session.getApi());
                    method.invoke(value, event);
                }
            }
        } catch (InvocationTargetException e) {
            LOG.warn("{} of {} failed", name, value.getClass().getName(), e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("an activation listener that is none: " + listener, e);
        }
    }

    private static @Nullable Class<?> activationListener(Class<?> type) {
        for (Class<?> owner = type; owner != null; owner = owner.getSuperclass()) {
            for (Class<?> side : owner.getInterfaces()) {
                Class<?> found = side.getName().endsWith(ACTIVATION_LISTENER) ? side : activationListener(side);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    /**
     * Returns the {@code HttpSession} that an upgrade's own request answers, as filters of the application have wrapped
     * it: what {@code HandshakeRequest.getHttpSession()} gives.
     *
     * @param upgrade Jetty's request of the handshake
     * @return the session; nothing where there is none, or where the environment tells nothing of its request
     */
    public static Optional<Object> httpSession(Attributes upgrade) {
        return Optional.ofNullable(upgrade.getAttribute(WRAPPED_REQUEST))
                .flatMap(request -> call(request, "getSession", false));
    }

    private static Optional<Object> call(Object target, String name, boolean... arguments) {
        for (Class<?> type = target.getClass(); type != null; type = type.getSuperclass()) {
            Optional<Object> found = call(target, type, name, arguments);
            if (found.isPresent()) {
                return found;
            }
            for (Class<?> side : type.getInterfaces()) {
                found = call(target, side, name, arguments);
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Object> call(Object target, Class<?> type, String name, boolean... arguments) {
        try {
            Method method = arguments.length == 0 ? type.getMethod(name) : type.getMethod(name, boolean.class);
            if (!Modifier.isPublic(method.getDeclaringClass().getModifiers())) {
                return Optional.empty();
            }
            return Optional.ofNullable(
                    arguments.length == 0 ? method.invoke(target) : method.invoke(target, arguments[0]));
        } catch (NoSuchMethodException | IllegalAccessException e) {
            LOG.trace("{} has no public {}", type, name, e);
            return Optional.empty();
        } catch (InvocationTargetException e) {
            LOG.debug("{}.{} failed", type, name, e);
            return Optional.empty();
        }
    }
}
