package dev.mooring.session;

import dev.mooring.grid.Grid;
import org.eclipse.jetty.session.AbstractSessionDataStoreFactory;
import org.eclipse.jetty.session.SessionDataStore;
import org.eclipse.jetty.session.SessionManager;

/**
 * Gives each web application its {@link GridSessionDataStore}. Immutable but for what Jetty's factories have to set.
 */
public final class GridSessionDataStoreFactory extends AbstractSessionDataStoreFactory {

    private final Grid grid;
    private final SessionPolicy policy;

    /**
     * Makes the factory of one node.
     *
     * @param grid this node's part in the cluster
     * @param policy what the properties say
     */
    public GridSessionDataStoreFactory(Grid grid, SessionPolicy policy) {
        this.grid = grid;
        this.policy = policy;
        setGracePeriodSec((int) policy.gracePeriod().toSeconds());
    }

    @Override
    public SessionDataStore getSessionDataStore(SessionManager manager) {
        GridSessionDataStore store = new GridSessionDataStore(grid, policy);
        store.setGracePeriodSec(getGracePeriodSec());
        store.setSavePeriodSec(getSavePeriodSec());
        return store;
    }
}
