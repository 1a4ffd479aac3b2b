package dev.mooring.session;

import dev.mooring.grid.DamagedRecordException;
import dev.mooring.grid.Grid;
import dev.mooring.grid.Inbox;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Times;
import java.lang.ref.ReferenceQueue;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Session;
import org.eclipse.jetty.session.DefaultSessionCache;
import org.eclipse.jetty.session.DefaultSessionIdManager;
import org.eclipse.jetty.session.ManagedSession;
import org.eclipse.jetty.session.SessionContext;
import org.eclipse.jetty.session.SessionData;
import org.eclipse.jetty.session.SessionDataStore;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.component.Container;
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
public final class LiveSessionCache extends DefaultSessionCache implements Inbox.Hearer {

    private static final Logger LOG = LoggerFactory.getLogger(LiveSessionCache.class);
    private static final long SWEEP_MS = 500;
    private static final long LONGEST_EVICTION_MS = 10_000;
    private static final int AT_A_TIME = 500;
    private static final long LEFT_OVER_MS = 20_000;
    private static final long LOOK_AGAIN_MS = 1_000;

    /** How long a session may be due before it is taken for left over: its own nodes end it within a second. */
    private static final long OVERDUE_MS = 5_000;

    /** What watches a session that has no deadline. */
    private static final Future<?> NEVER = CompletableFuture.completedFuture(null);

    private final Grid grid;
    private final SessionPolicy policy;
    private final Deadlines deadlines;
    private final Expiries expiries;
    private final Figures figures;
    private final Map<SessionKey, Heard> heard = new ConcurrentHashMap<>();
    private final Map<String, LiveSession> byId = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<Optional<LiveSession>>> loading = new ConcurrentHashMap<>();

    /** The sessions whose use is to be reported, by the time at which it is, in units of {@link #SWEEP_MS}. */
    private final Map<Long, Set<LiveSession>> unreported = new ConcurrentHashMap<>();

    /** What was evicted, and whose holders this node is still to leave. */
    private final Map<SessionKey, Change> leaving = new ConcurrentHashMap<>();

    /** The sessions of which this node has claimed the end, until their tombstones are in place. */
    private final Set<SessionKey> ending = ConcurrentHashMap.newKeySet();

    /** The evicted sessions that no application has any more. */
    private final ReferenceQueue<LiveSession> collected = new ReferenceQueue<>();

    /** Set while one thread reports uses and evicts, so that a slow cluster does not pile that up. */
    private final AtomicBoolean sweeping = new AtomicBoolean();

    /** When sessions are looked at next that may be evicted, in cluster time. Used by the one thread that sweeps. */
    private volatile long evictAt;

    /** Set when a node may be gone, and so any session be left over. */
    private final AtomicBoolean lost = new AtomicBoolean();

    /** Counts the sweeps for left-over sessions. */
    private final AtomicLong clearances = new AtomicLong();

    /** Listens for new epochs of the lease. */
    private final Runnable lookAgain = this::epochBegan;

    /** Whether the sessions are those of the cluster, which {@link GridSessionDataStore} is another view of. */
    private boolean shared = true;

    private @Nullable String scope;
    private @Nullable AttributeRules rules;
    private @Nullable AttributeCodec codec;
    private @Nullable Future<?> sweeps;
    private @Nullable Future<?> clearance;

    /**
     * Makes the cache of one web application.
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
        this.expiries = new Expiries(this, deadlines);
        this.figures = figures;
        setSaveOnCreate(policy.saveOnCreate());
        setEvictionPolicy(policy.evictionPolicy());
        setSaveOnInactiveEviction(policy.saveOnInactiveEviction());
        setRemoveUnloadableSessions(policy.removeUnloadableSessions());
        setInvalidateOnShutdown(policy.invalidateOnShutdown());
    }

    /** With a store of our own, sessions are shared and live; with any other, this is Jetty's own cache in front of it. */
    @Override
    public void setSessionDataStore(SessionDataStore store) {
        super.setSessionDataStore(store);
        shared = store instanceof GridSessionDataStore;
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
        sweeps = deadlines.every(SWEEP_MS, this::sweep);
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
        if (sweeps != null) {
            sweeps.cancel(false);
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

    Expiries expiries() {
        return expiries;
    }

    AttributeRules rules() {
        return Objects.requireNonNull(rules, "not initialized");
    }

    AttributeCodec codec() {
        return Objects.requireNonNull(codec, "not initialized");
    }

    /** Runs code of the application where it expects to run, on whatever thread. */
    void inContext(Runnable code) {
        _context.run(code);
    }

    private String scope() {
        return Objects.requireNonNull(scope, "not initialized");
    }

    Outcome apply(SessionKey key, Change change) {
        return noting(() -> {
            long start = System.nanoTime();
            Outcome outcome = grid.sessions().apply(key, change);
            figures.answered(change, System.nanoTime() - start);
            return outcome;
        });
    }

    /** What an application meets in a request, and does not answer itself, is answered with 503: see {@link CommitStream}. */
    private <T> T noting(Supplier<T> call) {
        try {
            return call.get();
        } catch (StoreUnavailableException e) {
            figures.storeFailure();
            StoreFailure.note(e);
            throw e;
        }
    }

    Figures figures() {
        return figures;
    }

    /**
     * Returns how many sessions are in this node's memory.
     *
     * @return a count, as it is now
     */
    public int size() {
        return byId.size();
    }

    /**
     * Returns how many session objects applications may hold on this node.
     *
     * @return a count, as it is now
     */
    public int handles() {
        return heard.size();
    }

    Outcome join(SessionKey key, long load, long since, @Nullable String id) {
        return apply(key, new Change.Join(node(), load, since, id));
    }

    long tell(Collection<String> holders, Notice.Kind kind, SessionKey key, long version) {
        return noting(() -> grid.inbox().tell(holders, kind, key, version));
    }

    long[] tellAll(Notice.Kind kind, List<Inbox.News> news) {
        return noting(() -> grid.inbox().tellAll(kind, news));
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
        heard.computeIfPresent(session.key(), (key, known) -> {
            if (known.session() != session) {
                return known;
            }
            known.watch(null);
            return null;
        });
    }

    long nextLoad() {
        return grid.nextLoad();
    }

    /** This node has claimed the end of a session. */
    void ending(SessionKey key) {
        ending.add(key);
    }

    /** The end of a session is complete. */
    void ended(SessionKey key) {
        ending.remove(key);
    }

    // ---- what is done for many sessions at a time

    void reportLater(LiveSession session, long dueAt) {
        unreported.compute(dueAt / SWEEP_MS, (slot, sessions) -> {
            Set<LiveSession> all = sessions == null ? ConcurrentHashMap.newKeySet() : sessions;
            all.add(session);
            return all;
        });
    }

    private void sweep() {
        if (!sweeping.compareAndSet(false, true)) {
            return;
        }
        try {
            long now = clusterTime();
            reportUses(now);
            if (getEvictionPolicy() >= EVICT_ON_SESSION_EXIT && now >= evictAt) {
                long idleMs = getEvictionPolicy() * 1000L;
                evictAt = now + Math.min(idleMs / 10, LONGEST_EVICTION_MS);
                evict(now - idleMs);
            }
        } finally {
            sweeping.set(false);
        }
    }

    private void reportUses(long now) {
        Map<SessionKey, LiveSession> sessions = new HashMap<>();
        Map<SessionKey, Change> touches = new HashMap<>();
        for (Long slot : Set.copyOf(unreported.keySet())) {
            Set<LiveSession> due = slot <= now / SWEEP_MS ? unreported.remove(slot) : null;
            for (LiveSession session : due == null ? Set.<LiveSession>of() : due) {
                Times times = session.uses().beginReport();
                if (times != null) {
                    sessions.put(session.key(), session);
                    touches.put(session.key(), new Change.Touch(times));
                }
            }
        }
        applyAll(touches, (key, touch, outcome) -> {
            LiveSession session = Objects.requireNonNull(sessions.get(key));
            if (outcome == null) {
                session.uses().reportFailed();
            } else if (outcome.applied()) {
                session.uses().reported(((Change.Touch) touch).times());
                extendAlias(session);
            } else {
                session.lookAgain();
            }
        });
    }

    /** Returns those of these ids that may have a session in another web application too; all if that cannot be known. Blocks. */
    Set<String> knownElsewhere(Collection<String> ids) {
        if (!(_manager.getSessionIdManager() instanceof DefaultSessionIdManager manages)) {
            return Set.copyOf(ids);
        }
        Set<String> known = new HashSet<>();
        for (SessionManager manager : manages.getSessionManagers()) {
            if (manager == _manager) {
                continue;
            }
            if (manager.getSessionCache() instanceof LiveSessionCache other && other.shared) {
                known.addAll(other.known(ids));
            } else {
                return Set.copyOf(ids);
            }
        }
        return known;
    }

    private Collection<String> known(Collection<String> ids) {
        List<SessionKey> keys =
                ids.stream().map(id -> new SessionKey(scope(), id)).toList();
        Set<SessionKey> known = new HashSet<>();
        try {
            known.addAll(grid.sessions().known(keys));
            known.addAll(grid.aliases().known(keys));
        } catch (StoreUnavailableException e) {
            LOG.debug("Context {}: sessions of ids that have ended elsewhere are looked for one by one", scope(), e);
            return ids;
        }
        Set<String> here = known.stream().map(SessionKey::name).collect(Collectors.toSet());
        // Those that the cluster has not heard of yet.
        ids.stream().filter(byId::containsKey).forEach(here::add);
        return here;
    }

    interface Answered {
        /** Takes the answer to one of many changes; null if there was none. */
        void accept(SessionKey key, Change change, @Nullable Outcome outcome);
    }

    /** Applies a change to each of many sessions, {@value #AT_A_TIME} at a time. What fails is answered with null. Blocks. */
    void applyAll(Map<SessionKey, Change> changes, Answered then) {
        Iterator<Map.Entry<SessionKey, Change>> left = changes.entrySet().iterator();
        while (left.hasNext()) {
            Map<SessionKey, Change> some = new HashMap<>();
            while (some.size() < AT_A_TIME && left.hasNext()) {
                Map.Entry<SessionKey, Change> next = left.next();
                some.put(next.getKey(), next.getValue());
            }
            Map<SessionKey, Outcome> outcomes = Map.of();
            try {
                outcomes = grid.sessions().applyAll(some);
            } catch (StoreUnavailableException e) {
                LOG.debug("Context {}: {} sessions are tried again", scope(), some.size(), e);
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

    // ---- eviction

    private void evict(long usedBefore) {
        for (LiveSession session : byId.values()) {
            try {
                Change leave = session.evict(usedBefore);
                if (leave != null) {
                    leaving.put(session.key(), leave);
                }
            } catch (StoreUnavailableException | IllegalStateException e) {
                LOG.debug("Session {}: not evicted", session.key(), e);
            }
        }
        applyAll(Map.copyOf(leaving), (key, leave, outcome) -> {
            if (outcome != null) {
                leaving.remove(key, leave);
                if (outcome.applied() && isLeftToThisNode(outcome)) {
                    watch(key, outcome.requireView());
                }
            }
        });
        for (Object gone = collected.poll(); gone != null; gone = collected.poll()) {
            heard.computeIfPresent(((Heard.Evicted) gone).key(), (key, known) -> known.isForgotten() ? null : known);
        }
    }

    private boolean isLeftToThisNode(Outcome left) {
        return left.holders().stream()
                .allMatch(other -> other.equals(node()) || grid.lease().isGone(other));
    }

    /** The last holder keeps the deadline of a session, though not the session. */
    private void watch(SessionKey key, SessionRecord left) {
        if (left.state() != SessionRecord.State.LIVE) {
            return;
        }
        heard.computeIfPresent(key, (k, known) -> {
            if (!known.isHeld()) {
                known.watch(
                        left.deadline() == Long.MAX_VALUE
                                ? NEVER
                                : deadlines.in(left.deadline() - clusterTime(), () -> look(key)));
            }
            return known;
        });
    }

    /** Called under both locks of the session. */
    void evicted(LiveSession session) {
        byId.remove(session.data().getId(), session);
        session.data().heard().evict(new Heard.Evicted(session, collected));
    }

    /** Called under the lock of the session's exchange. */
    void holdAgain(LiveSession session) {
        heard.compute(session.key(), (key, known) -> {
            session.data().heard().holdAgain(session);
            return session.data().heard();
        });
        byId.put(session.data().getId(), session);
    }

    // ---- what nodes that are gone have left behind

    private void endLeftOver() {
        long turn = clearances.incrementAndGet();
        // The first need not have this web application.
        if (!grid.isMember() && !grid.lease().isFirst() && turn % 2 == 0) {
            return;
        }
        boolean every = lost.getAndSet(false);
        try {
            deadlines.forEach(grid.sessions().leftOver(scope(), clusterTime() - OVERDUE_MS, every), this::look);
        } catch (StoreUnavailableException e) {
            lost.set(true);
            LOG.debug("Context {}: left-over sessions are looked for again later", scope(), e);
        }
    }

    /** Looks at a session that may be due, or whose end somebody has begun. Blocks. */
    private void look(SessionKey key) {
        Heard known = heard.computeIfAbsent(key, k -> new Heard());
        LiveSession here = known.session();
        if (here != null) {
            here.lookAgain();
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
        } catch (StoreUnavailableException e) {
            LOG.debug("Session {}: looked at again later", key, e);
            if (known.isWatched()) {
                known.watch(deadlines.in(SWEEP_MS, () -> look(key)));
            }
        } finally {
            forgetUnlessLoaded(key, known);
        }
    }

    private void inheritEnd(SessionKey key, Heard known, SessionRecord begun, long load, long epoch) {
        String claimant = begun.endingNode();
        EndCause cause = begun.cause();
        if (claimant == null || cause == null) {
            return;
        }
        boolean mine = claimant.equals(node());
        if (mine ? ending.contains(key) : !grid.lease().isGone(claimant)) {
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
                follow(notice.key(), known);
                yield 0;
            }
            case LIMITED -> {
                known.changed(notice.version());
                follow(notice.key(), known);
                yield 0;
            }
            case INVALIDATED -> heardEnd(notice.key(), known, session, EndCause.INVALIDATED);
            case EXPIRED -> heardEnd(notice.key(), known, session, EndCause.EXPIRED);
            case DUE -> lastUse(known, session);
        };
    }

    /** The deadline may be another now. */
    private void follow(SessionKey key, Heard known) {
        if (known.session() != null || known.isWatched()) {
            deadlines.run(() -> look(key));
        }
    }

    private long lastUse(Heard known, @Nullable LiveSession session) {
        if (session != null) {
            return session.uses().last();
        }
        // Evicted, it has told the record when it was used last; else it is just being loaded, and so in use.
        return known.isWatched() ? 0 : clusterTime();
    }

    private long heardEnd(SessionKey key, Heard known, @Nullable LiveSession session, EndCause cause) {
        known.ended(cause);
        if (session != null) {
            deadlines.run(() -> session.endedElsewhere(cause));
        } else if (known.isWatched()) {
            known.watch(null);
            forgetUnlessLoaded(key, known);
        }
        return 0;
    }

    private void epochBegan() {
        lost.set(true);
        lookAgain();
    }

    /** Notices may have been lost, also of an end: a session whose WebSockets are silent is looked at all the same. */
    private void lookAgain() {
        deadlines.run(() -> {
            for (LiveSession session : Set.copyOf(byId.values())) {
                try {
                    if (session.attachments() > 0) {
                        session.makeCurrent();
                    }
                } catch (IllegalStateException e) {
                    LOG.debug("Session {}: ends already", session.key(), e);
                } catch (StoreUnavailableException e) {
                    LOG.debug("Context {}: sessions with WebSockets are looked at again later", scope(), e);
                    deadlines.in(LOOK_AGAIN_MS, this::lookAgain);
                    return;
                }
            }
        });
    }

    // ---- loading

    @Override
    public @Nullable ManagedSession get(String id) throws Exception {
        if (!shared) {
            return super.get(id);
        }
        LiveSession session = find(id, true);
        if (session != null) {
            session.foundByRequest();
        }
        return session;
    }

    /** Finds the session that an id opens, entered if asked; null if there is none or the cluster does not answer. */
    @Override
    protected @Nullable ManagedSession getAndEnter(String id, boolean enter) throws Exception {
        return shared ? find(id, enter) : super.getAndEnter(id, enter);
    }

    private @Nullable LiveSession find(String id, boolean enter) {
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
                if (session.isInvalidOrInvalidating() && byId.get(id) == session || !session.isResident()) {
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
        } catch (DamagedRecordException e) {
            if (!isRemoveUnloadableSessions() || !grid.sessions().removeDamaged(key)) {
                throw e;
            }
            LOG.warn("Session {}: removed, since its record is damaged", key, e);
            return Optional.empty();
        } finally {
            forgetUnlessLoaded(key, known);
        }
    }

    private void forgetUnlessLoaded(SessionKey key, Heard known) {
        heard.computeIfPresent(key, (k, now) -> now == known && now.isForgotten() ? null : now);
    }

    private LiveSession newSession(SessionKey key, Heard known, SessionRecord record, long load, long epoch) {
        LiveSession session = restore(key, known, record, load, epoch);
        EndCause cause = known.end();
        if (cause != null) {
            // The notice came between the load and this line.
            session.endedElsewhere(cause);
        } else {
            session.uses().armAlarm();
            session.activate();
        }
        return session;
    }

    private LiveSession restore(SessionKey key, Heard known, SessionRecord record, long load, long epoch) {
        LiveData data = newData(key, known, record.times().created(), record.maxInactiveMs());
        data.setId(record.id());
        data.adopt(record, epoch);
        LiveSession loaded = new LiveSession(_manager, data, this, load);
        loaded.setResident(true);
        LiveSession session = known.hold(loaded);
        if (session == loaded) {
            byId.put(record.id(), loaded);
        } else {
            session.loadedAgain(load);
        }
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
                codec(),
                rules());
    }

    // ---- Jetty's SPI

    /** A session that an application creates: the cluster knows of it once its first response is sent. */
    @Override
    public ManagedSession newSession(String id, long time, long maxInactiveMs) {
        if (!shared) {
            return super.newSession(id, time, maxInactiveMs);
        }
        coverListeners();
        return newSession(newData(new SessionKey(scope(), id), new Heard(), clusterTime(), maxInactiveMs));
    }

    @Override
    public ManagedSession newSession(SessionData data) {
        if (!(data instanceof LiveData live)) {
            return super.newSession(data);
        }
        return new LiveSession(_manager, live, this, grid.nextLoad());
    }

    @Override
    public void add(String id, ManagedSession session) throws Exception {
        super.add(id, session);
        if (!(session instanceof LiveSession live)) {
            return;
        }
        heard.put(live.key(), live.data().heard());
        live.data().heard().hold(live);
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
    public @Nullable ManagedSession delete(String id) throws Exception {
        if (!shared) {
            return super.delete(id);
        }
        return LiveSession.hasJustEnded(this, id) ? null : find(id, false);
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
     * Gives a session its new id, and tells the listeners of it. Never answers with the session: Jetty would then tell the
     * listeners itself, and log whole ids if one of them fails.
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
            session.renameTo(newId);
            tellIdListeners(session, oldId);
        } catch (StoreUnavailableException | IllegalStateException e) {
            // LiveSession.renewId sees that the id is still the old one, and tells the application.
            LOG.debug("Session {}: its id stays", session.key(), e);
        } finally {
            release(session);
        }
        return null;
    }

    private void tellIdListeners(LiveSession session, String oldId) {
        coverListeners();
        try {
            _manager.onSessionIdChanged(session, oldId);
        } catch (RuntimeException e) {
            LOG.warn("Session {}: a listener of its change of id failed", session.key(), e);
        }
    }

    /** From here on, a listener of sessions that throws stops nothing. */
    void coverListeners() {
        if (_manager instanceof Container container) {
            CoveredListener.coverAll(container);
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
     * This web application stops: what is not stored is, and other nodes carry the sessions on; or they end, with {@code
     * invalidateOnShutdown}. Blocks.
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
        expiries.stop();
        Map<SessionKey, Change> departures = new ConcurrentHashMap<>();
        deadlines.forEach(heard.entrySet(), entry -> handOn(entry.getKey(), entry.getValue(), departures));
        applyAll(departures, (key, leave, outcome) -> {
            if (outcome == null) {
                LOG.warn("Session {}: this node stops and stays among its holders", key);
            }
        });
    }

    private void handOn(SessionKey key, Heard known, Map<SessionKey, Change> departures) {
        LiveSession session = known.session();
        if (session == null) {
            departures.put(key, new Change.Leave(node(), Long.MAX_VALUE, Times.UNKNOWN, false));
            known.watch(null);
            heard.remove(key, known);
            return;
        }
        try {
            departures.put(key, session.handOn());
        } catch (StoreUnavailableException e) {
            LOG.warn("Session {}: not handed on when this node stopped", key, e);
        }
        try (AutoLock ignored = session.lock()) {
            session.setResident(false);
        }
        forget(session);
    }

    /** Ends all sessions that are in this node's memory, for the whole cluster. Blocks. */
    public void endAll() {
        deadlines.forEach(List.copyOf(byId.values()), session -> {
            try {
                session.invalidate();
            } catch (IllegalStateException e) {
                LOG.debug("Session {}: has ended before", session.key(), e);
            } catch (StoreUnavailableException e) {
                LOG.warn("Session {}: lives on, although this node stops", session.key(), e);
            }
        });
    }

    @Override
    public @Nullable ManagedSession doGet(String id) {
        return shared ? byId.get(id) : super.doGet(id);
    }

    @Override
    public @Nullable Session doPutIfAbsent(String id, ManagedSession session) {
        return shared ? byId.putIfAbsent(id, (LiveSession) session) : super.doPutIfAbsent(id, session);
    }

    @Override
    public @Nullable ManagedSession doDelete(String id) {
        return shared ? byId.remove(id) : super.doDelete(id);
    }

    /** Names the web application; no session, and no id. */
    @Override
    public String toString() {
        return "sessions of " + scope;
    }
}
