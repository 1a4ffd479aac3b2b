package dev.mooring.session;

import dev.mooring.grid.Grid;
import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.SessionKey;
import dev.mooring.model.Times;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.eclipse.jetty.server.Session;
import org.eclipse.jetty.session.DefaultSessionCache;
import org.eclipse.jetty.session.ManagedSession;
import org.eclipse.jetty.session.SessionContext;
import org.eclipse.jetty.session.SessionData;
import org.eclipse.jetty.session.SessionDataStore;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.thread.AutoLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Jetty's session manager of one web application calls: its SPI, answered by the parts of a
 * {@link WebApplication}.
 *
 * <p>Nothing escapes from here into Jetty's session manager, which would log the whole id and go on without a session,
 * the user being nobody: see {@link #find}. The same holds for what it asks of a {@link LiveSession} that it ends.
 *
 * <p>Thread-safe. Called by Jetty's request threads, and by whoever starts and stops the application; they load and
 * store, and block.
 */
public final class LiveSessionCache extends DefaultSessionCache {

    private static final Logger LOG = LoggerFactory.getLogger(LiveSessionCache.class);

    /** For how long a node that stops tries to end sessions after the cluster has not confirmed an end. */
    private static final Duration GIVE_UP = Duration.ofSeconds(5);

    private final Grid grid;
    private final SessionPolicy policy;
    private final Deadlines deadlines;
    private final Figures figures;

    /** Whether the sessions are those of the cluster, which {@link GridSessionDataStore} is another view of. */
    private boolean shared = true;

    /** The application since its last start. */
    private volatile @Nullable WebApplication application;

    /**
     * Makes the cache of one web application, with Jetty's defaults: {@link LiveSessionCacheFactory} sets the rest.
     *
     * @param manager its session manager
     * @param grid this node's part in the cluster
     * @param policy what the properties say
     * @param deadlines the node's clock
     * @param figures where the node's calls are counted
     */
    public LiveSessionCache(
            SessionManager manager, Grid grid, SessionPolicy policy, Deadlines deadlines, Figures figures) {
        super(manager);
        this.grid = grid;
        this.policy = policy;
        this.deadlines = deadlines;
        this.figures = figures;
    }

    /**
     * With a store of our own, sessions are shared and live; with any other, this is Jetty's own cache in front of it.
     */
    @Override
    public void setSessionDataStore(SessionDataStore store) {
        super.setSessionDataStore(store);
        shared = store instanceof GridSessionDataStore;
    }

    boolean isShared() {
        return shared;
    }

    @Override
    public void initialize(SessionContext context) {
        super.initialize(context);
        application = new WebApplication(_manager, context, grid, policy, deadlines, figures);
    }

    WebApplication application() {
        return Objects.requireNonNull(application, "not initialized");
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        application().start();
    }

    @Override
    protected void doStop() throws Exception {
        if (application != null) {
            application.stop();
        }
        super.doStop();
    }

    /**
     * Returns how many sessions are in this node's memory.
     *
     * @return a count, as it is now
     */
    public int size() {
        return ifStarted(here -> here.sessions().size(), 0);
    }

    /**
     * Returns how many session objects applications may hold on this node.
     *
     * @return a count, as it is now
     */
    public int handles() {
        return ifStarted(here -> here.sessions().handles(), 0);
    }

    /** Returns those of these ids that may have a session here; none before the start. Blocks. */
    Collection<String> known(Collection<String> ids) {
        return ifStarted(here -> here.known(ids), List.of());
    }

    private <T> T ifStarted(Function<WebApplication, T> question, T beforeTheStart) {
        WebApplication here = application;
        return here == null ? beforeTheStart : question.apply(here);
    }

    // ---- sessions that are found

    @Override
    public @Nullable ManagedSession get(String id) throws Exception {
        if (!shared) {
            return super.get(id);
        }
        LiveSession session = find(id, true);
        if (session != null) {
            session.foundByRequest(id);
        }
        return session;
    }

    @Override
    protected @Nullable ManagedSession getAndEnter(String id, boolean enter) throws Exception {
        return shared ? find(id, enter) : super.getAndEnter(id, enter);
    }

    /**
     * Finds the session that an id opens, entered if asked; null if there is none, or it ends. Whatever keeps it from
     * being found is left with the request, which is refused for it: the cluster does not answer, this node stops, or
     * something is wrong that nobody thought of. No request becomes one of nobody by it.
     */
    private @Nullable LiveSession find(String id, boolean enter) {
        try {
            return application().loads().find(id, enter);
        } catch (RuntimeException e) {
            StoreFailure.leave(StoreFailure.ofAny(e, application().cluster().key(id)));
            return null;
        }
    }

    // ---- sessions that are made, used and renamed

    /** A session that an application creates: the cluster knows of it once its first response is sent. */
    @Override
    public ManagedSession newSession(String id, long time, long maxInactiveMs) {
        if (!shared) {
            return super.newSession(id, time, maxInactiveMs);
        }
        WebApplication here = application();
        here.coverListeners();
        return newSession(
                here.newData(here.cluster().key(id), new Heard(), here.cluster().time(), maxInactiveMs));
    }

    @Override
    public ManagedSession newSession(SessionData data) {
        if (!(data instanceof LiveData live)) {
            return super.newSession(data);
        }
        return new LiveSession(application(), live, grid.nextLoad());
    }

    @Override
    public void add(String id, ManagedSession session) throws Exception {
        super.add(id, session);
        if (!(session instanceof LiveSession live)) {
            return;
        }
        application().sessions().created(live);
        live.uses().armAlarm();
        if (isSaveOnCreate()) {
            try {
                live.store();
            } catch (StoreUnavailableException e) {
                // It is stored with the response, or the response says that it is not.
                LOG.debug("Session {}: not stored at its creation", live.key(), e);
            }
        }
    }

    /** Jetty is about to send the response; {@link CommitStream} has stored the session before. */
    @Override
    public void commit(ManagedSession session) throws Exception {
        if (!shared) {
            super.commit(session);
        }
    }

    @Override
    public void release(ManagedSession session) throws Exception {
        if (shared) {
            release((LiveSession) session);
        } else {
            super.release(session);
        }
    }

    private void release(LiveSession live) {
        live.leave();
        if (live.pending() == null) {
            return;
        }
        // Of a request that has had no response, or of another one, whose response stores it as well. The next one on
        // this connection is not to wait for that.
        if (live.data().stored()) {
            deadlines.run(() -> storeLate(live));
        } else {
            storeLate(live);
        }
    }

    private static void storeLate(LiveSession live) {
        try {
            live.storeUnlessOver();
        } catch (RuntimeException e) {
            if (e instanceof StoreUnavailableException && live.uses().requests() > 0) {
                LOG.debug("Session {}: what a request has changed is left to its response", live.key(), e);
            } else {
                // No request is left to be told.
                LOG.warn("Session {}: what a request without a response has changed is not stored", live.key(), e);
            }
        }
    }

    /** Looks for the session that Jetty is about to end; the end itself is a claim, see {@link LiveSession}. */
    @Override
    public @Nullable ManagedSession delete(String id) throws Exception {
        if (!shared) {
            return super.delete(id);
        }
        return ifStarted(here -> Ending.hasJustEnded(here, id), true) ? null : find(id, false);
    }

    @Override
    public boolean exists(String id) throws Exception {
        if (!shared) {
            return super.exists(id);
        }
        if (StoreFailure.concernsThisThread()) {
            // A new session must not take the id of the one that could not be read.
            return false;
        }
        LiveSession session = find(id, false);
        return session != null && session.isValid();
    }

    /**
     * Gives a session its new id, and tells the listeners of it. Never answers with the session: Jetty would then tell
     * the listeners itself, and log whole ids if one of them fails.
     */
    @Override
    public @Nullable ManagedSession renewSessionId(
            String oldId, String newId, String oldExtendedId, String newExtendedId) throws Exception {
        if (!shared) {
            return super.renewSessionId(oldId, newId, oldExtendedId, newExtendedId);
        }
        LiveSession session = find(oldId, true);
        if (session == null) {
            return null;
        }
        try {
            session.idChange().take(newId);
            tellIdListeners(session, oldId);
        } catch (IllegalStateException e) {
            LOG.debug("Session {}: its id stays", session.key(), e);
        } catch (RuntimeException e) {
            // LiveSession.renewId sees that the id is still the old one, and tells the application.
            LOG.debug("Session {}: its id stays", session.key(), StoreFailure.ofAny(e, session.key()));
        } finally {
            release(session);
        }
        return null;
    }

    private void tellIdListeners(LiveSession session, String oldId) {
        application().coverListeners();
        try {
            Patience.uncounted(() -> _manager.onSessionIdChanged(session, oldId));
        } catch (RuntimeException e) {
            LOG.warn("Session {}: a listener of its change of id failed", session.key(), e);
        }
    }

    /** Sessions end by this node's own clock, so Jetty's scavenger has nothing to do. */
    @Override
    public Set<String> checkExpiration(Set<String> candidates) {
        return shared ? Set.of() : super.checkExpiration(candidates);
    }

    @Override
    public void checkInactiveSession(ManagedSession session) {
        if (!shared) {
            super.checkInactiveSession(session);
        }
    }

    /**
     * This web application stops: what is not stored is, and other nodes carry the sessions on; or they end, with
     * {@code invalidateOnShutdown}. Blocks.
     */
    @Override
    public void shutdown() {
        if (!shared) {
            super.shutdown();
            return;
        }
        if (isInvalidateOnShutdown()) {
            endAll();
        }
        application().expiries().stop();
        Map<SessionKey, Change> departures =
                new ConcurrentHashMap<>(application().evictions().leaving());
        deadlines.forEach(
                application().sessions().known().entrySet(),
                entry -> handOn(entry.getKey(), entry.getValue(), departures));
        AtomicInteger stays = new AtomicInteger();
        application().cluster().applyAll(departures, (key, leave, outcome) -> {
            if (outcome == null) {
                stays.incrementAndGet();
            }
        });
        if (stays.get() > 0) {
            LOG.warn("{}: this node stops, and stays among the holders of {} of them", this, stays);
        }
    }

    private void handOn(SessionKey key, Heard known, Map<SessionKey, Change> departures) {
        LiveSession session = known.session();
        if (session == null) {
            departures.put(key, new Change.Leave(grid.node(), Long.MAX_VALUE, Times.UNKNOWN, false));
            application().sessions().forget(key, known);
            return;
        }
        try {
            departures.put(key, session.residence().handOn());
        } catch (StoreUnavailableException e) {
            LOG.warn("Session {}: not handed on when this node stopped", key, e);
        }
        try (AutoLock ignored = session.lock()) {
            session.setResident(false);
        }
        application().sessions().forget(session);
    }

    /**
     * Ends all sessions that are in this node's memory, for the whole cluster. Blocks; where that is out of reach, for
     * some seconds only.
     */
    public void endAll() {
        AtomicLong firstRefusal = new AtomicLong();
        AtomicInteger liveOn = new AtomicInteger();
        deadlines.forEach(ifStarted(here -> here.sessions().all(), List.of()), session -> {
            long refused = firstRefusal.get();
            if (refused != 0 && System.nanoTime() - refused > GIVE_UP.toNanos()) {
                liveOn.incrementAndGet();
                return;
            }
            try {
                session.invalidate();
            } catch (IllegalStateException e) {
                LOG.debug("Session {}: has ended before", session.key(), e);
            } catch (StoreUnavailableException e) {
                LOG.debug("Session {}: lives on, although this node stops", session.key(), e);
                firstRefusal.compareAndSet(0, System.nanoTime());
                liveOn.incrementAndGet();
            }
        });
        if (liveOn.get() > 0) {
            LOG.warn("{}: {} of them live on, although this node stops", this, liveOn);
        }
    }

    @Override
    public @Nullable ManagedSession doGet(String id) {
        return shared ? application().sessions().get(id) : super.doGet(id);
    }

    @Override
    public @Nullable Session doPutIfAbsent(String id, ManagedSession session) {
        return shared
                ? application().sessions().putIfAbsent(id, (LiveSession) session)
                : super.doPutIfAbsent(id, session);
    }

    @Override
    public @Nullable ManagedSession doDelete(String id) {
        return shared ? application().sessions().remove(id) : super.doDelete(id);
    }

    /** Names the web application; no session, and no id. */
    @Override
    public String toString() {
        return "" + application;
    }
}
