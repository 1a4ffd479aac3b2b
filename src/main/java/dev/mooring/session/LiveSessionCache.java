package dev.mooring.session;

import dev.mooring.grid.Grid;
import dev.mooring.grid.Inbox;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.session.AbstractSessionCache;
import org.eclipse.jetty.session.ManagedSession;
import org.eclipse.jetty.session.SessionContext;
import org.eclipse.jetty.session.SessionData;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.thread.AutoLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The live sessions of one web application on this node, one object for each, found by key and by current id.
 *
 * <p>Nothing escapes from here into Jetty's session manager when the cluster does not answer, for that would log the whole id
 * and go on without a session: the failure is left with the request, and {@link SessionRequestHandler} answers it with 503.
 *
 * <p>Thread-safe. Jetty's request threads load and store, and block; Hazelcast's threads only pass on what is heard.
 */
public final class LiveSessionCache extends AbstractSessionCache implements Inbox.Hearer {

    private static final Logger LOG = LoggerFactory.getLogger(LiveSessionCache.class);
    private static final long SWEEP_MS = 500;
    private static final long LEFT_OVER_MS = 20_000;
    private static final long LOOK_AGAIN_MS = 1_000;

    /** How long a session may be due before it is taken for left over: its own nodes end it within a second. */
    private static final long OVERDUE_MS = 5_000;

    private final Grid grid;
    private final SessionPolicy policy;
    private final Deadlines deadlines;
    private final Map<SessionKey, Heard> heard = new ConcurrentHashMap<>();
    private final Map<String, LiveSession> byId = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<Optional<LiveSession>>> loading = new ConcurrentHashMap<>();
    private final Set<LiveSession> unreported = ConcurrentHashMap.newKeySet();

    /** Set while one thread reports uses, so that a slow cluster does not pile them up. */
    private final AtomicBoolean reporting = new AtomicBoolean();

    /** Listens for new epochs of the lease. */
    private final Runnable lookAgain = this::lookAgain;

    private @Nullable String scope;
    private @Nullable AttributeRules rules;
    private @Nullable AttributeCodec codec;
    private @Nullable Future<?> reports;
    private @Nullable Future<?> clearance;

    /**
     * Makes the cache of one web application.
     *
     * @param manager its session manager
     * @param grid this node's part in the cluster
     * @param policy what the properties say
     * @param deadlines the node's clock
     */
    public LiveSessionCache(SessionManager manager, Grid grid, SessionPolicy policy, Deadlines deadlines) {
        super(manager);
        this.grid = grid;
        this.policy = policy;
        this.deadlines = deadlines;
        setSaveOnCreate(policy.saveOnCreate());
        setEvictionPolicy(policy.evictionPolicy());
        setSaveOnInactiveEviction(policy.saveOnInactiveEviction());
        setRemoveUnloadableSessions(policy.removeUnloadableSessions());
        setInvalidateOnShutdown(policy.invalidateOnShutdown());
    }

    @Override
    public void initialize(SessionContext context) {
        super.initialize(context);
        scope = SessionKey.scope(context.getVhost(), context.getCanonicalContextPath());
        codec = new AttributeCodec(context, policy.attributeFilter());
        rules = new AttributeRules(policy, codec, () -> Environment.isDistributable(context.getContext()));
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        grid.inbox().register(scope(), this);
        grid.lease().onEpoch(lookAgain);
        reports = deadlines.every(SWEEP_MS, this::reportUses);
        clearance = deadlines.every(LEFT_OVER_MS, this::endLeftOver);
        LOG.info(
                "Sessions of context {}: cluster {}, node {}, members {}, map {}",
                _context.getContext() == null ? "" : _context.getContext().getContextPath(),
                grid.clusterName(),
                grid.node(),
                grid.members(),
                grid.mapName());
    }

    @Override
    protected void doStop() throws Exception {
        if (reports != null) {
            reports.cancel(false);
        }
        if (clearance != null) {
            clearance.cancel(false);
        }
        grid.lease().removeEpochListener(lookAgain);
        grid.inbox().unregister(scope(), this);
        super.doStop();
    }

    // ---- what the sessions need

    String node() {
        return grid.node();
    }

    long epoch() {
        return grid.lease().epoch();
    }

    long clusterTime() {
        return grid.clusterTime();
    }

    Deadlines deadlines() {
        return deadlines;
    }

    AttributeRules rules() {
        return Objects.requireNonNull(rules, "not initialized");
    }

    private String scope() {
        return Objects.requireNonNull(scope, "not initialized");
    }

    Outcome apply(SessionKey key, Change change) {
        return noting(() -> grid.sessions().apply(key, change));
    }

    /** What an application meets in a request, and does not answer itself, is answered with 503: see {@link CommitStream}. */
    private static <T> T noting(Supplier<T> call) {
        try {
            return call.get();
        } catch (StoreUnavailableException e) {
            StoreFailure.note(e);
            throw e;
        }
    }

    Outcome join(SessionKey key, long load, long since, @Nullable String id) {
        return apply(key, new Change.Join(node(), load, since, id));
    }

    long tell(Collection<String> holders, Notice.Kind kind, SessionKey key, long version) {
        return noting(() -> grid.inbox().tell(holders, kind, key, version));
    }

    void alias(SessionKey key, String id, long maxInactiveMs) {
        grid.aliases().put(key.named(id), key, aliasLife(maxInactiveMs));
    }

    void extendAlias(LiveSession session) {
        String id = session.data().getId();
        if (!id.equals(session.key().name())) {
            alias(session.key(), id, session.data().getMaxInactiveMs());
        }
    }

    void dropAlias(SessionKey key, String id) {
        if (!id.equals(key.name())) {
            grid.aliases().drop(key.named(id));
        }
    }

    private long aliasLife(long maxInactiveMs) {
        return maxInactiveMs <= 0
                ? 0
                : maxInactiveMs + Grid.slack(policy.gracePeriod()).toMillis();
    }

    /** Tells whether the current thread works for a request of this session whose response is still to be sent. */
    boolean storesLater(LiveSession session) {
        Request request = RequestScope.current();
        return request != null
                && CommitStream.isOpen(request, _manager)
                // Jetty sets attributes of a session that it creates before the request has it.
                && (!session.data().stored() || _manager.getManagedSession(request) == session);
    }

    void renamed(LiveSession session, String oldId, String newId) {
        if (!oldId.equals(newId)) {
            session.setExtendedId(_manager.getSessionIdManager().getExtendedId(newId, null));
            byId.put(newId, session);
            byId.remove(oldId, session);
        }
    }

    void forget(LiveSession session) {
        byId.remove(session.data().getId(), session);
        unreported.remove(session);
        heard.computeIfPresent(session.key(), (key, known) -> known.session() == session ? null : known);
    }

    void reportLater(LiveSession session) {
        unreported.add(session);
    }

    private void reportUses() {
        if (!reporting.compareAndSet(false, true)) {
            return;
        }
        try {
            reportUsesDueAt(clusterTime());
        } finally {
            reporting.set(false);
        }
    }

    private void reportUsesDueAt(long now) {
        for (LiveSession session : Set.copyOf(unreported)) {
            if (session.uses().isReportDue(now)) {
                unreported.remove(session);
                if (!session.reportUse()) {
                    unreported.add(session);
                }
            }
        }
    }

    // ---- what nodes that are gone have left behind

    private void endLeftOver() {
        if (!grid.isMember() && !grid.lease().isFirst()) {
            return;
        }
        try {
            for (SessionKey key : grid.sessions().leftOver(scope(), clusterTime() - OVERDUE_MS)) {
                endLeftOver(key);
            }
        } catch (StoreUnavailableException e) {
            LOG.debug("Context {}: left-over sessions are looked for again later", scope(), e);
        }
    }

    private void endLeftOver(SessionKey key) {
        Heard known = heard.computeIfAbsent(key, k -> new Heard());
        LiveSession here = known.session();
        if (here != null) {
            here.expireIfDue();
            return;
        }
        try {
            long epoch = epoch();
            long load = grid.nextLoad();
            Outcome outcome = join(key, load, 0, null);
            SessionRecord view = outcome.view();
            if (outcome.applied()) {
                newSession(key, known, outcome.requireView(), load, epoch).expireIfDue();
            } else if (view != null && view.state() == SessionRecord.State.ENDING) {
                inheritEnd(key, known, view, load, epoch);
            }
        } finally {
            forgetUnlessLoaded(key, known);
        }
    }

    private void inheritEnd(SessionKey key, Heard known, SessionRecord ending, long load, long epoch) {
        String claimant = ending.endingNode();
        EndCause cause = ending.cause();
        if (claimant == null || cause == null || !grid.lease().isGone(claimant)) {
            return;
        }
        Outcome outcome = apply(key, new Change.Inherit(node(), claimant));
        if (outcome.applied()) {
            restore(key, known, outcome.requireView(), load, epoch).inheritEnd(cause);
        }
    }

    // ---- what is heard

    @Override
    public long heard(Notice notice) {
        Heard known = heard.get(notice.key());
        if (known == null) {
            return 0;
        }
        LiveSession session = known.session();
        return switch (notice.kind()) {
            case CHANGED -> {
                known.changed(notice.version());
                yield 0;
            }
            case LOGGED_OUT -> {
                known.changed(notice.version());
                if (session != null) {
                    session.loggedOut();
                }
                yield 0;
            }
            case INVALIDATED -> heardEnd(known, session, EndCause.INVALIDATED);
            case EXPIRED -> heardEnd(known, session, EndCause.EXPIRED);
            case DUE -> session == null ? clusterTime() : session.uses().last();
        };
    }

    private long heardEnd(Heard known, @Nullable LiveSession session, EndCause cause) {
        known.ended(cause);
        if (session != null) {
            deadlines.run(() -> session.endedElsewhere(cause));
        }
        return 0;
    }

    /** Notices may have been lost, also of an end: a session whose WebSockets are silent is looked at all the same. */
    private void lookAgain() {
        deadlines.run(() -> {
            try {
                for (LiveSession session : Set.copyOf(byId.values())) {
                    if (session.attachments() > 0) {
                        session.makeCurrent();
                    }
                }
            } catch (StoreUnavailableException e) {
                LOG.debug("Context {}: sessions with WebSockets are looked at again later", scope(), e);
                deadlines.in(LOOK_AGAIN_MS, this::lookAgain);
            }
        });
    }

    // ---- loading

    /** Finds the session that an id opens, entered if asked; null if there is none or the cluster does not answer. */
    @Override
    protected @Nullable LiveSession getAndEnter(String id, boolean enter) {
        try {
            while (true) {
                LiveSession session = find(id);
                if (session == null) {
                    return null;
                }
                if (session.data().deadline() <= clusterTime()) {
                    session.expireIfDue();
                }
                if (!enter || session.enter()) {
                    return session;
                }
                if (byId.get(id) == session) {
                    // Just ending, and not yet out of the map.
                    return null;
                }
            }
        } catch (StoreUnavailableException e) {
            StoreFailure.leave(e);
            return null;
        }
    }

    private @Nullable LiveSession find(String id) {
        LiveSession session = byId.get(id);
        if (session == null) {
            session = load(id);
        } else {
            session.makeCurrent();
        }
        return session == null || !session.data().getId().equals(id) ? null : session;
    }

    private @Nullable LiveSession load(String id) {
        CompletableFuture<Optional<LiveSession>> mine = new CompletableFuture<>();
        CompletableFuture<Optional<LiveSession>> others = loading.putIfAbsent(id, mine);
        if (others != null) {
            try {
                return others.join().orElse(null);
            } catch (CompletionException e) {
                throw StoreFailure.shared(e.getCause());
            }
        }
        try {
            Optional<LiveSession> loaded = loadNow(id);
            mine.complete(loaded);
            return loaded.orElse(null);
        } catch (RuntimeException e) {
            mine.completeExceptionally(e);
            throw e;
        } finally {
            loading.remove(id, mine);
        }
    }

    private Optional<LiveSession> loadNow(String id) {
        SessionKey key = new SessionKey(scope(), id);
        return loadByKey(key, id).or(() -> grid.aliases().resolve(key).flatMap(target -> loadByKey(target, id)));
    }

    private Optional<LiveSession> loadByKey(SessionKey key, String id) {
        Heard known = heard.computeIfAbsent(key, k -> new Heard());
        LiveSession here = known.session();
        if (here != null) {
            // Known under an id that it has no longer, or has had before.
            here.makeCurrent();
            return here.data().getId().equals(id) ? Optional.of(here) : Optional.empty();
        }
        try {
            long load = grid.nextLoad();
            long epoch = epoch();
            Outcome outcome = join(key, load, 0, id);
            return outcome.applied()
                    ? Optional.of(newSession(key, known, outcome.requireView(), load, epoch))
                    : Optional.empty();
        } finally {
            forgetUnlessLoaded(key, known);
        }
    }

    private void forgetUnlessLoaded(SessionKey key, Heard known) {
        heard.computeIfPresent(key, (k, now) -> now == known && now.session() == null ? null : now);
    }

    private LiveSession newSession(SessionKey key, Heard known, SessionRecord record, long load, long epoch) {
        LiveSession session = restore(key, known, record, load, epoch);
        EndCause cause = known.end();
        if (cause != null) {
            // The notice came between the load and this line.
            session.endedElsewhere(cause);
        } else {
            session.uses().armAlarm();
        }
        return session;
    }

    private LiveSession restore(SessionKey key, Heard known, SessionRecord record, long load, long epoch) {
        LiveData data = newData(key, known, record.times().created(), record.maxInactiveMs());
        data.setId(record.id());
        data.adopt(record, epoch);
        LiveSession session = new LiveSession(_manager, data, this, load);
        session.setResident(true);
        known.session(session);
        byId.put(record.id(), session);
        return session;
    }

    private LiveData newData(SessionKey key, Heard known, long created, long maxInactiveMs) {
        return new LiveData(
                key,
                _context.getCanonicalContextPath(),
                _context.getVhost(),
                created,
                maxInactiveMs,
                known,
                Objects.requireNonNull(codec, "not initialized"),
                rules());
    }

    // ---- Jetty's SPI

    /** A session that an application creates: the cluster knows of it once its first response is sent. */
    @Override
    public ManagedSession newSession(String id, long time, long maxInactiveMs) {
        return newSession(newData(new SessionKey(scope(), id), new Heard(), clusterTime(), maxInactiveMs));
    }

    @Override
    public ManagedSession newSession(SessionData data) {
        if (!(data instanceof LiveData live)) {
            throw new IllegalArgumentException(
                    "session data of " + data.getClass().getName() + ": expected our own");
        }
        return new LiveSession(_manager, live, this, grid.nextLoad());
    }

    @Override
    public void add(String id, ManagedSession session) throws Exception {
        super.add(id, session);
        LiveSession live = (LiveSession) session;
        heard.put(live.key(), live.data().heard());
        live.data().heard().session(live);
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
    public void commit(ManagedSession session) {}

    @Override
    public void release(ManagedSession session) {
        LiveSession live = (LiveSession) session;
        live.release();
        if (live.isInvalidOrInvalidating()) {
            return;
        }
        try {
            // What was set by a thread of the request after the response was on its way.
            live.store();
        } catch (StoreUnavailableException e) {
            LOG.warn("Session {}: a change after the response is not stored", live.key(), e);
        }
    }

    /** Looks for the session that Jetty is about to end; the end itself is a claim, see {@link LiveSession}. */
    @Override
    public @Nullable ManagedSession delete(String id) {
        return getAndEnter(id, false);
    }

    @Override
    public boolean exists(String id) {
        if (StoreFailure.concernsThisThread()) {
            // A new session must not take the id of the one that could not be read.
            return false;
        }
        LiveSession session = getAndEnter(id, false);
        return session != null && session.isValid();
    }

    @Override
    public @Nullable ManagedSession renewSessionId(
            String oldId, String newId, String oldExtendedId, String newExtendedId) {
        LiveSession session = getAndEnter(oldId, true);
        if (session == null) {
            return null;
        }
        try {
            session.renameTo(newId);
            return session;
        } catch (StoreUnavailableException | IllegalStateException e) {
            // LiveSession.renewId sees that the id is still the old one, and tells the application.
            LOG.debug("Session {}: its id stays", session.key(), e);
            session.release();
            return null;
        }
    }

    /** Sessions end by this node's own clock, so Jetty's scavenger has nothing to do. */
    @Override
    public Set<String> checkExpiration(Set<String> candidates) {
        return Set.of();
    }

    @Override
    public void checkInactiveSession(ManagedSession session) {}

    /** This web application stops: what is not stored is, and other nodes carry the sessions on. */
    @Override
    public void shutdown() {
        for (LiveSession session : byId.values()) {
            try {
                session.handOn();
            } catch (StoreUnavailableException e) {
                LOG.warn("Session {}: not handed on when this node stopped", session.key(), e);
            }
            try (AutoLock ignored = session.lock()) {
                session.setResident(false);
            }
            forget(session);
        }
    }

    @Override
    protected @Nullable LiveSession doGet(String id) {
        return byId.get(id);
    }

    @Override
    protected @Nullable ManagedSession doPutIfAbsent(String id, ManagedSession session) {
        return byId.putIfAbsent(id, (LiveSession) session);
    }

    @Override
    protected ManagedSession doComputeIfAbsent(String id, Function<String, ManagedSession> load) {
        return byId.computeIfAbsent(id, key -> (LiveSession) load.apply(key));
    }

    @Override
    protected boolean doReplace(String id, ManagedSession oldValue, ManagedSession newValue) {
        return byId.replace(id, (LiveSession) oldValue, (LiveSession) newValue);
    }

    @Override
    public @Nullable ManagedSession doDelete(String id) {
        return byId.remove(id);
    }

    /** Names the web application; no session, and no id. */
    @Override
    public String toString() {
        return "sessions of " + scope;
    }
}
