package dev.mooring.session;

import dev.mooring.grid.Grid;
import org.eclipse.jetty.session.AbstractSessionCacheFactory;
import org.eclipse.jetty.session.SessionCache;
import org.eclipse.jetty.session.SessionManager;

/** Gives each web application its {@link LiveSessionCache}. Immutable but for what Jetty's factories have to set. */
public final class LiveSessionCacheFactory extends AbstractSessionCacheFactory {

    private final Grid grid;
    private final SessionPolicy policy;
    private final Deadlines deadlines;
    private final Figures figures;

    /**
     * Makes the factory of one node.
     *
     * @param grid this node's part in the cluster
     * @param policy what the properties say
     * @param deadlines the node's clock
     * @param figures where the node's calls are counted
     */
    public LiveSessionCacheFactory(Grid grid, SessionPolicy policy, Deadlines deadlines, Figures figures) {
        this.grid = grid;
        this.policy = policy;
        this.deadlines = deadlines;
        this.figures = figures;
        setEvictionPolicy(policy.evictionPolicy());
        setSaveOnCreate(policy.saveOnCreate());
        setSaveOnInactiveEviction(policy.saveOnInactiveEviction());
        setRemoveUnloadableSessions(policy.removeUnloadableSessions());
        setFlushOnResponseCommit(true);
        setInvalidateOnShutdown(policy.invalidateOnShutdown());
    }

    @Override
    public SessionCache newSessionCache(SessionManager manager) {
        return new LiveSessionCache(manager, grid, policy, deadlines, figures);
    }
}
