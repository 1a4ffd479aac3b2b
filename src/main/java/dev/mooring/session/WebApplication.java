package dev.mooring.session;

import dev.mooring.grid.Grid;
import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.SessionKey;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.session.DefaultSessionIdManager;
import org.eclipse.jetty.session.SessionContext;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.component.Container;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One web application on this node, from its start to its stop: what its live sessions share, and those who look after
 * them. Immutable but for its sweeps; of its methods only {@link #knownElsewhere} and {@link #known} block.
 */
final class WebApplication {

    private static final Logger LOG = LoggerFactory.getLogger(WebApplication.class);

    private static final long SWEEP_MS = 500;
    private static final long SEARCH_MS = 20_000;

    private final SessionManager manager;
    private final SessionContext context;
    private final Grid grid;
    private final String scope;
    private final Cluster cluster;
    private final Deadlines deadlines;
    private final AttributeCodec codec;
    private final AttributeRules rules;
    private final LiveSessions sessions = new LiveSessions();
    private final UseReports reports;
    private final Expiries expiries;
    private final Loads loads;
    private final LeftOvers leftOvers;
    private final Evictions evictions;
    private final Notices notices;

    /** Listens for new epochs of the lease. */
    private final Runnable epochs;

    /** Set while one thread sweeps, so that a slow cluster does not pile that up. */
    private final AtomicBoolean sweeping = new AtomicBoolean();

    private List<Future<?>> sweeps = List.of();

    WebApplication(
            SessionManager manager,
            SessionContext context,
            Grid grid,
            SessionPolicy policy,
            Deadlines deadlines,
            Figures figures) {
        this.manager = manager;
        this.context = context;
        this.grid = grid;
        this.deadlines = deadlines;
        scope = SessionKey.scope(context.getVhost(), context.getCanonicalContextPath());
        cluster = new Cluster(grid, scope, figures, policy.gracePeriod());
        codec = new AttributeCodec(context, policy.attributeFilter());
        rules = new AttributeRules(policy, codec, () -> Environment.isDistributable(context.getContext()));
        reports = new UseReports(cluster);
        expiries = new Expiries(this);
        loads = new Loads(this);
        leftOvers = new LeftOvers(this);
        evictions = new Evictions(this);
        notices = new Notices(this);
        epochs = leftOvers::epochBegan;
    }

    /** Listens to the other nodes, and begins to look after the sessions. */
    void start() {
        grid.inbox().register(scope, notices);
        grid.lease().onEpoch(epochs);
        sweeps = List.of(deadlines.every(SWEEP_MS, this::sweep), deadlines.every(SEARCH_MS, leftOvers::search));
        LOG.info(
                "Sessions of context {}: cluster {}, node {}, members {}, map {}",
                context.getContext() == null ? "" : context.getContext().getContextPath(),
                grid.clusterName(),
                grid.node(),
                grid.members(),
                grid.mapName());
    }

    /** Ends what {@link #start} began. */
    void stop() {
        sweeps.forEach(sweep -> sweep.cancel(false));
        grid.lease().removeEpochListener(epochs);
        grid.inbox().unregister(scope, notices);
    }

    private void sweep() {
        if (!sweeping.compareAndSet(false, true)) {
            return;
        }
        try {
            long now = cluster.time();
            reports.send(now);
            evictions.run(now);
        } finally {
            sweeping.set(false);
        }
    }

    SessionManager manager() {
        return manager;
    }

    Cluster cluster() {
        return cluster;
    }

    Deadlines deadlines() {
        return deadlines;
    }

    AttributeCodec codec() {
        return codec;
    }

    AttributeRules rules() {
        return rules;
    }

    LiveSessions sessions() {
        return sessions;
    }

    UseReports reports() {
        return reports;
    }

    Expiries expiries() {
        return expiries;
    }

    Loads loads() {
        return loads;
    }

    LeftOvers leftOvers() {
        return leftOvers;
    }

    Evictions evictions() {
        return evictions;
    }

    /** Runs code of the application where it expects to run, on whatever thread, and for as long as it likes. */
    void run(Runnable code) {
        Patience.uncounted(() -> context.run(code));
    }

    /** From here on, a listener of sessions that throws stops nothing. */
    void coverListeners() {
        if (manager instanceof Container container) {
            CoveredListener.coverAll(container);
        }
    }

    LiveData newData(SessionKey key, Heard known, long created, long maxInactiveMs) {
        return new LiveData(
                key,
                context.getCanonicalContextPath(),
                context.getVhost(),
                created,
                maxInactiveMs,
                known,
                codec,
                rules);
    }

    /** Tells whether the current thread works for a request of this session whose response is still to be sent. */
    boolean storesLater(LiveSession session) {
        Request request = RequestScope.current();
        return request != null
                && CommitStream.isOpen(request, manager)
                // Jetty sets attributes of a session that it creates before the request has it.
                && (!session.data().stored() || manager.getManagedSession(request) == session);
    }

    /**
     * Returns those of these ids that may have a session in another web application too; all if that cannot be known.
     */
    Set<String> knownElsewhere(Collection<String> ids) {
        if (!(manager.getSessionIdManager() instanceof DefaultSessionIdManager manages)) {
            return Set.copyOf(ids);
        }
        Set<String> known = new HashSet<>();
        for (SessionManager other : manages.getSessionManagers()) {
            if (other == manager) {
                continue;
            }
            if (other.getSessionCache() instanceof LiveSessionCache cache && cache.isShared()) {
                known.addAll(cache.known(ids));
            } else {
                return Set.copyOf(ids);
            }
        }
        return known;
    }

    /** Returns those of these ids that may have a session here; all if that cannot be known. Blocks. */
    Collection<String> known(Collection<String> ids) {
        List<SessionKey> keys = ids.stream().map(cluster::key).toList();
        Set<String> known;
        try {
            known = cluster.known(keys).stream().map(SessionKey::name).collect(Collectors.toSet());
        } catch (StoreUnavailableException e) {
            LOG.debug("{}: sessions of ids that have ended elsewhere are looked for one by one", this, e);
            return ids;
        }
        // Those that the cluster has not heard of yet.
        ids.stream().filter(id -> sessions.get(id) != null).forEach(known::add);
        return known;
    }

    /** Names the web application; no session, and no id. */
    @Override
    public String toString() {
        return "sessions of " + scope;
    }
}
