package dev.mooring.session;

import dev.mooring.grid.DamagedRecordException;
import dev.mooring.grid.Grid;
import dev.mooring.grid.Inbox;
import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster as the live sessions of one web application call it: their records, the ids that they took later, and the
 * other nodes. What is answered is counted, and what is not is noted of the request that has met it. Thread-safe; what
 * calls the cluster blocks for a round trip, and throws {@code StoreUnavailableException} when it is not answered.
 */
final class Cluster {

    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);
    private static final int AT_A_TIME = 1000;

    /** Takes the answers to many changes. */
    interface Answered {
        /** Takes the answer to one of them; null if there was none. */
        void accept(SessionKey key, Change change, @Nullable Outcome outcome);
    }

    private final Grid grid;
    private final String scope;
    private final Figures figures;
    private final Duration aliasSlack;

    Cluster(Grid grid, String scope, Figures figures, Duration gracePeriod) {
        this.grid = grid;
        this.scope = scope;
        this.figures = figures;
        this.aliasSlack = Grid.slack(gracePeriod);
    }

    /** Returns the id of this node. */
    String node() {
        return grid.node();
    }

    /** Returns in which epoch of its lease this node is; less than 1 while that has lapsed. */
    long epoch() {
        return grid.lease().epoch();
    }

    /** Returns the time that all nodes share, in milliseconds since the epoch. */
    long time() {
        return grid.clusterTime();
    }

    /** Returns its name, for messages. */
    String name() {
        return grid.clusterName();
    }

    /** Counts a load of a session by this node. */
    long nextLoad() {
        return grid.nextLoad();
    }

    Figures figures() {
        return figures;
    }

    /** Returns the record's key of a session that had this id first. */
    SessionKey key(String id) {
        return new SessionKey(scope, id);
    }

    Outcome apply(SessionKey key, Change change) {
        return noting(() -> {
            long start = System.nanoTime();
            Outcome outcome = grid.sessions().apply(key, change);
            figures.answered(change, System.nanoTime() - start);
            return outcome;
        });
    }

    /**
     * Applies a change to each of many sessions, {@value #AT_A_TIME} at a time. What fails is answered with null; so is
     * what would come after it, without another wait for a cluster that does not answer.
     */
    void applyAll(Map<SessionKey, Change> changes, Answered then) {
        applyAll(changes, Map.of(), then);
    }

    /** The same where {@link #readAhead} was called before. */
    void applyAll(Map<SessionKey, Change> changes, Map<SessionKey, SessionRecord> ahead, Answered then) {
        boolean answers = true;
        Iterator<Map.Entry<SessionKey, Change>> left = changes.entrySet().iterator();
        while (left.hasNext()) {
            Map<SessionKey, Change> some = new HashMap<>();
            while (some.size() < AT_A_TIME && left.hasNext()) {
                Map.Entry<SessionKey, Change> next = left.next();
                some.put(next.getKey(), next.getValue());
            }
            Map<SessionKey, Outcome> outcomes = Map.of();
            try {
                outcomes = answers ? grid.sessions().applyAll(some, ahead) : outcomes;
            } catch (StoreUnavailableException e) {
                answers = e instanceof DamagedRecordException;
                LOG.debug("Context {}: {} sessions are tried again", scope, some.size(), e);
            }
            for (Map.Entry<SessionKey, Change> entry : some.entrySet()) {
                try {
                    then.accept(entry.getKey(), entry.getValue(), outcomes.get(entry.getKey()));
                } catch (StoreUnavailableException e) {
                    LOG.debug("Session {}: left to the next time", entry.getKey(), e);
                }
            }
        }
    }

    /** Tells whether {@link #readAhead} is of any use: on a member, a change goes to the record by itself. */
    boolean readsAhead() {
        return !grid.isMember();
    }

    /** Reads what is needed to change these sessions, see {@link dev.mooring.grid.SessionMap#readAhead}. */
    Map<SessionKey, SessionRecord> readAhead(Set<SessionKey> keys) {
        return grid.sessions().readAhead(keys);
    }

    /** Tells nodes of a session, or asks them, see {@link Inbox#tell}. */
    long tell(Collection<String> holders, Notice.Kind kind, SessionKey key, long version) {
        return noting(() -> grid.inbox().tell(holders, kind, key, version));
    }

    long[] tellAll(Notice.Kind kind, List<Inbox.News> news) {
        return noting(() -> grid.inbox().tellAll(kind, news));
    }

    /**
     * What an application meets in a request, and does not answer itself, is answered with 503: see
     * {@link CommitStream}.
     */
    private <T> T noting(Supplier<T> call) {
        long start = System.nanoTime();
        try {
            return call.get();
        } catch (StoreUnavailableException e) {
            figures.storeFailure();
            throw StoreFailure.noted(e);
        } finally {
            RequestScope.waited(System.nanoTime() - start);
        }
    }

    /** Waits for what another thread asks of the cluster, as for a call of its own. */
    static <T extends @Nullable Object> T await(CompletableFuture<T> others) {
        long begun = System.nanoTime();
        try {
            return others.copy()
                    .orTimeout(Patience.end(Grid.CALL_TIMEOUT) - begun, TimeUnit.NANOSECONDS)
                    .join();
        } catch (CompletionException e) {
            throw StoreFailure.shared(e.getCause());
        } finally {
            RequestScope.waited(System.nanoTime() - begun);
        }
    }

    /** Makes a session findable by an id that it takes later, for as long as it may live without another use. */
    void alias(SessionKey key, String id, long maxInactiveMs) {
        long lifeMs = maxInactiveMs <= 0 ? 0 : maxInactiveMs + aliasSlack.toMillis();
        noting(() -> {
            grid.aliases().put(key.named(id), key, lifeMs);
            return true;
        });
    }

    /** Keeps the id that a session has now, if it took that later, for another life. */
    void extendAlias(LiveSession session) {
        String id = session.data().getId();
        if (!id.equals(session.key().name())) {
            alias(session.key(), id, session.data().getMaxInactiveMs());
        }
    }

    void dropAlias(SessionKey key, String id) {
        if (!id.equals(key.name())) {
            noting(() -> {
                grid.aliases().drop(key.named(id));
                return true;
            });
        }
    }

    /** Follows an id that a session took later. */
    Optional<SessionKey> resolve(SessionKey id) {
        return noting(() -> grid.aliases().resolve(id));
    }

    /** Returns those of these ids by which there is, or may be, a session. */
    Set<SessionKey> known(Collection<SessionKey> ids) {
        Set<SessionKey> known = new HashSet<>(grid.sessions().known(ids));
        known.addAll(grid.aliases().known(ids));
        return known;
    }

    /** Removes a record that is damaged; false if it is not. */
    boolean removeDamaged(SessionKey key) {
        return grid.sessions().removeDamaged(key);
    }

    /** Looks for sessions that somebody should have ended, see {@link dev.mooring.grid.SessionMap#leftOver}. */
    Collection<SessionKey> leftOver(long dueBefore, boolean every) {
        return grid.sessions().leftOver(scope, dueBefore, every);
    }

    /** Tells whether a node was there when this one last looked, or the node itself. Does not block. */
    boolean isKnown(String node) {
        return grid.peers().isKnown(node);
    }

    /** Tells whether a node is no more. Does not call the cluster for one that is known. */
    boolean isGone(String node) {
        return grid.peers().isGone(node);
    }

    /** Tells whether this node is one of those that look for what others have left behind. Does not block. */
    boolean looksForLeftOver() {
        return grid.isMember() || grid.peers().isFirst();
    }
}
