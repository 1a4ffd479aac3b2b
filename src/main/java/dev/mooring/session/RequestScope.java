package dev.mooring.session;

import org.eclipse.jetty.server.Context;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.jspecify.annotations.Nullable;

/**
 * Knows which request the current thread works for: Jetty announces each entry into a web application, also the dispatches of
 * an asynchronous request. A WebSocket's callbacks enter without a request. Stateless but for a thread-local; one instance
 * serves all contexts.
 */
final class RequestScope implements ContextHandler.ContextScopeListener {

    static final RequestScope INSTANCE = new RequestScope();

    private static final ThreadLocal<@Nullable Entry> CURRENT = new ThreadLocal<>();

    /** Entries nest: an application may be entered from another, or from itself. */
    private record Entry(
            @Nullable Request request, @Nullable Entry outer) {}

    private RequestScope() {}

    /** Returns the request that the current thread works for, or null. */
    static @Nullable Request current() {
        Entry entry = CURRENT.get();
        return entry == null ? null : entry.request;
    }

    @Override
    public void enterScope(Context context, @Nullable Request request) {
        CURRENT.set(new Entry(request, CURRENT.get()));
    }

    @Override
    public void exitScope(Context context, @Nullable Request request) {
        Entry entry = CURRENT.get();
        Entry outer = entry == null ? null : entry.outer;
        if (outer == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(outer);
        }
    }
}
