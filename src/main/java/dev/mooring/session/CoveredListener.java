package dev.mooring.session;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.Collection;
import java.util.EventListener;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.eclipse.jetty.util.component.Container;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps an application's listener of sessions that throws from stopping anything. Jetty's environments stop at the
 * first that throws, and log the whole id of a session whose creation one of them fails. They keep the listeners in
 * lists, each a bean of the session manager: there every listener of a session's creation, end or id gets a cover,
 * which logs what it throws. Listeners of attributes throw at the application that has set the attribute, as on any
 * Jetty. Immutable.
 */
final class CoveredListener implements InvocationHandler {

    private static final Logger LOG = LoggerFactory.getLogger(CoveredListener.class);

    private static final Set<String> COVERED = Set.of("sessionCreated", "sessionDestroyed", "sessionIdChanged");

    private final EventListener listener;

    private CoveredListener(EventListener listener) {
        this.listener = listener;
    }

    /**
     * Covers the listeners that a session manager has now, and drops the covers of those that it has no longer: it
     * removes a listener, not its cover. Does not block; applications may add listeners until they have started.
     */
    static void coverAll(Container manager) {
        List<EventListener> present = manager.getEventListeners();
        for (List<?> beans : manager.getBeans(List.class)) {
            if (beans.stream().anyMatch(bean -> isStale(bean, present) || isToBeCovered(bean))) {
                @SuppressWarnings("unchecked")
                List<Object> listeners = (List<Object>) beans;
                listeners.removeIf(listener -> isStale(listener, present));
                listeners.replaceAll(CoveredListener::cover);
            }
        }
    }

    private static boolean isStale(Object bean, Collection<EventListener> present) {
        CoveredListener cover = coverOf(bean);
        return cover != null && !present.contains(cover.listener);
    }

    private static boolean isToBeCovered(Object bean) {
        return coverOf(bean) == null
                && bean instanceof EventListener
                && interfaces(bean.getClass()).stream().anyMatch(Environment::isSessionListener);
    }

    private static @Nullable CoveredListener coverOf(Object bean) {
        return Proxy.isProxyClass(bean.getClass()) && Proxy.getInvocationHandler(bean) instanceof CoveredListener cover
                ? cover
                : null;
    }

    private static Object cover(Object bean) {
        return isToBeCovered(bean)
                ? Proxy.newProxyInstance(
                        bean.getClass().getClassLoader(),
                        interfaces(bean.getClass()).toArray(Class<?>[]::new),
                        new CoveredListener((EventListener) bean))
                : bean;
    }

    private static Set<Class<?>> interfaces(Class<?> type) {
        Set<Class<?>> all = new LinkedHashSet<>();
        for (Class<?> owner = type; owner != null; owner = owner.getSuperclass()) {
            addInterfaces(owner, all);
        }
        return all;
    }

    private static void addInterfaces(Class<?> owner, Set<Class<?>> all) {
        for (Class<?> side : owner.getInterfaces()) {
            if (EventListener.class.isAssignableFrom(side) && Modifier.isPublic(side.getModifiers())) {
                all.add(side);
            }
            addInterfaces(side, all);
        }
    }

    @Override
    public @Nullable Object invoke(Object cover, Method method, Object @Nullable [] arguments) throws Throwable {
        try {
            return method.invoke(listener, arguments);
        } catch (InvocationTargetException e) {
            if (COVERED.contains(method.getName())) {
                LOG.warn(
                        "{} of {} failed", method.getName(), listener.getClass().getName(), e.getCause());
                return null;
            }
            throw e.getCause();
        }
    }
}
