package dev.mooring.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.grid.Grid;
import dev.mooring.grid.Inbox;
import dev.mooring.grid.TestGrids;
import dev.mooring.model.Change;
import dev.mooring.model.Notice;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Times;
import dev.mooring.testing.Policies;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.Session;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.session.ManagedSession;
import org.eclipse.jetty.session.SessionHandler;
import org.eclipse.jetty.session.SessionInactivityTimer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A session that is due while another node or thread does the wrong thing, or at the wrong moment. The other node is a
 * bare grid in this JVM, without a web application.
 */
@ParameterizedClass
@EnumSource(names = {"MEMBER", "CLIENT"})
class ExpiriesIT {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Duration MAX_INACTIVE = Duration.ofMillis(2_500);

    /** For how long it is left to a node that has asked. */
    private static final long ASKED_MS = 1_000;

    /** As many as there are for what may block. */
    private static final int ALL_THREADS = 16;

    private static TestGrids grids;

    @Parameter
    TestGrids.Mode mode;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Deadlines deadlines = new Deadlines(threads);
    private final AtomicInteger ends = new AtomicInteger();
    private final Server server = new Server();
    private LiveSessionCache cache;

    /** Runs when a session ends. */
    private volatile Runnable listener = () -> {};

    /** Runs once, when a session is loaded. */
    private final AtomicReference<Runnable> whenLoaded = new AtomicReference<>(() -> {});

    @BeforeParameterizedClassInvocation
    static void startGrids(TestGrids.Mode mode) {
        grids = TestGrids.of(mode, 2);
    }

    @AfterParameterizedClassInvocation
    static void stopGrids() {
        grids.close();
    }

    @BeforeEach
    void startJetty() throws Exception {
        server.addBean(new LiveSessionCacheFactory(here(), Policies.SESSIONS, deadlines, new Figures()));
        server.addBean(new GridSessionDataStoreFactory(here(), Policies.SESSIONS));
        SessionHandler sessions = new SessionHandler() {
            @Override
            public void onSessionDestroyed(Session session) {
                ends.incrementAndGet();
                listener.run();
            }

            @Override
            public SessionInactivityTimer newSessionInactivityTimer(ManagedSession session) {
                whenLoaded.getAndSet(() -> {}).run();
                return super.newSessionInactivityTimer(session);
            }
        };
        server.setHandler(new ContextHandler(sessions, "/"));
        server.start();
        cache = (LiveSessionCache) sessions.getSessionCache();
    }

    @AfterEach
    void stopJetty() throws Exception {
        server.stop();
        deadlines.stop();
        threads.shutdown();
    }

    /** As one that is killed in between, but for the row that others would miss. */
    @Test
    void isLeftToTheNodeThatAsksForAsLongAsThatAsksAndThenEndsHere() throws Exception {
        LiveSession session = sharedAndLeftToTheOther();
        long until = session.data().deadline() + 2 * ASKED_MS;
        long before = there().clusterTime();
        long now = before;
        while (now < until) {
            ask(session.key());
            if (there().clusterTime() - before >= ASKED_MS) {
                // This machine has slept: it may be over.
                break;
            }
            assertThat(ends).hasValue(0);
            before = now;
            now = there().clusterTime();
        }

        await().atMost(LIMIT).untilAsserted(() -> assertThat(ends).hasValue(1));
    }

    @Test
    void endsHereThoughItIsLeftToANodeThatNeverAsks() throws Exception {
        sharedAndLeftToTheOther();

        await().atMost(LIMIT).untilAsserted(() -> assertThat(ends).hasValue(1));
    }

    /** It has not told anybody yet, and is not to end the session itself. */
    @Test
    void livesOnWhileTheOtherNodeUsesIt() throws Exception {
        LiveSession session = create();
        share(session);
        long until = session.data().deadline() + 500;
        Inbox.Hearer user = notice -> Math.min(there().clusterTime(), until);
        there().inbox().register(session.key().scope(), user);

        await().atMost(LIMIT).untilAsserted(() -> assertThat(ends).hasValue(1));

        assertThat(here().clusterTime()).isGreaterThanOrEqualTo(until + MAX_INACTIVE.toMillis());
        there().inbox().unregister(session.key().scope(), user);
    }

    /** It is looked at by itself, and this node does not know of the other. */
    @Test
    void livesOnHereWhereOnlyTheRecordKnowsOfTheNodeThatUsesIt() throws Exception {
        LiveSession session = create();
        session.setMaxInactiveInterval(1);
        session.uses().disarm();
        share(session);
        Inbox.Hearer user = notice -> there().clusterTime();
        there().inbox().register(session.key().scope(), user);
        long deadline = session.data().deadline();
        await().atMost(LIMIT).until(() -> here().clusterTime() > deadline);

        session.ending().expireIfDue();

        assertThat(session.isAlive()).isTrue();
        assertThat(session.data().deadline()).isGreaterThan(deadline);
        there().inbox().unregister(session.key().scope(), user);
    }

    @Test
    void endsWithItsListenersThoughThisNodeStopsBeforeTheyRun() throws Exception {
        CountDownLatch free = new CountDownLatch(1);
        SessionKey key = claimed(free);

        server.stop();

        assertThat(ends).hasValue(1);
        assertThat(stateOf(key)).isEqualTo(SessionRecord.State.ENDED);
        free.countDown();
    }

    /** The sweep comes by when the end of an evicted session is claimed, and its listeners wait for a thread. */
    @Test
    void endsOnceThoughItIsFoundLeftOverBeforeItsListenersRun() throws Exception {
        CountDownLatch free = new CountDownLatch(1);
        SessionKey key = claimed(free);

        application().leftOvers().look(key);

        assertThat(ends).hasValue(0);
        free.countDown();
        await().atMost(LIMIT).until(() -> stateOf(key) == SessionRecord.State.ENDED);
        assertThat(ends).hasValue(1);
    }

    /** Two nodes look at it together, and each asks the other. */
    @Test
    void isNotInUseWhereItIsLookedAt() throws Exception {
        SessionKey key = createOverdue();
        grids.hold(key);
        Future<?> look = threads.submit(() -> application().leftOvers().look(key));
        await().atMost(LIMIT).until(() -> application().sessions().known(key) != null);

        long lastUse = ask(key);

        grids.letGo(key);
        assertThat(lastUse).isZero();
        look.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        await().atMost(LIMIT).untilAsserted(() -> assertThat(ends).hasValue(1));
    }

    @Test
    void isInUseWhereARequestLoadsIt() throws Exception {
        SessionKey key = createOverdue();
        long before = here().clusterTime();
        grids.hold(key);
        Future<?> load = threads.submit(() -> cache.get(key.name()));

        await().atMost(LIMIT).untilAsserted(() -> assertThat(ask(key)).isGreaterThanOrEqualTo(before));

        grids.letGo(key);
        load.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    /** As when the request of one cookie loads the session while the one of its former id finds nothing. */
    @Test
    void isHeardOfThoughAnotherLoadFindsNothingMeanwhile() throws Exception {
        SessionKey key = createAt(here().clusterTime());
        grids.hold(key);
        Future<LiveSession> load = threads.submit(() -> (LiveSession) cache.get(key.name()));
        await().atMost(LIMIT).until(() -> application().sessions().known(key) != null);

        application().sessions().hearNoMore(key, application().sessions().hear(key));

        grids.letGo(key);
        LiveSession session = load.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(application().sessions().known(key)).isSameAs(session.data().heard());
        session.leave();
        session.invalidate();
        assertThat(application().sessions().known(key)).isNull();
    }

    /** Its session manager is there, and has no sessions yet. */
    @Test
    void endsWhileAnotherWebApplicationStarts() throws Exception {
        SessionKey key = createOverdue();
        CountDownLatch goOn = new CountDownLatch(1);
        SessionHandler starting = new SessionHandler() {
            @Override
            public void doStart() throws Exception {
                var own = new LiveSessionCache(this, here(), Policies.SESSIONS, deadlines, new Figures());
                own.setSessionDataStore(
                        new GridSessionDataStoreFactory(here(), Policies.SESSIONS).getSessionDataStore(this));
                setSessionCache(own);
                awaitOrFail(goOn);
                super.doStart();
            }
        };
        ContextHandler context = new ContextHandler(starting, "/starting");
        context.setServer(server);
        server.addBean(context, true);
        Future<?> start = threads.submit(() -> {
            context.start();
            return null;
        });
        await().atMost(LIMIT).until(() -> starting.getSessionCache() != null);

        application().expiries().add(key);

        await().atMost(LIMIT).until(() -> stateOf(key) == SessionRecord.State.ENDED);
        assertThat(ends).hasValue(1);
        goOn.countDown();
        start.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void leavesItsTombstoneWhateverAListenerThrows() throws Exception {
        SessionKey key = createOverdue();
        listener = () -> {
            throw new AssertionError("of a listener");
        };

        application().expiries().add(key);

        await().atMost(LIMIT).until(() -> stateOf(key) == SessionRecord.State.ENDED);
        assertThat(ends).hasValue(1);
    }

    @Test
    void isEndedByTheSweepWhereItCouldNotBeLoadedForItsListeners() {
        SessionKey key = createOverdue();
        var failed = new CountDownLatch(1);
        whenLoaded.set(() -> {
            failed.countDown();
            throw new UnsupportedOperationException("of a session manager");
        });
        application().expiries().add(key);
        awaitOrFail(failed);

        await().atMost(LIMIT).until(() -> {
            application().leftOvers().look(key);
            return stateOf(key) == SessionRecord.State.ENDED;
        });

        assertThat(ends).hasValue(1);
    }

    /** A session that this node has evicted. */
    private SessionKey createOverdue() {
        return createAt(here().clusterTime() - 2 * MAX_INACTIVE.toMillis());
    }

    private SessionKey createAt(long time) {
        SessionKey key = application().cluster().key(UUID.randomUUID().toString());
        here().sessions()
                .apply(
                        key,
                        new Change.Delta(
                                here().node(),
                                here().nextLoad(),
                                1,
                                true,
                                new Times(time, time, time, time, time),
                                key.name(),
                                MAX_INACTIVE.toMillis(),
                                Map.of(),
                                Set.of(),
                                Set.of()));
        return key;
    }

    /** One whose end is claimed, and whose listeners wait for a thread until this is counted down. */
    private SessionKey claimed(CountDownLatch free) {
        SessionKey key = createOverdue();
        for (int i = 0; i < ALL_THREADS; i++) {
            deadlines.queue(() -> awaitOrFail(free));
        }
        application().expiries().add(key);
        await().atMost(LIMIT).until(() -> stateOf(key) == SessionRecord.State.ENDING);
        return key;
    }

    private static void awaitOrFail(CountDownLatch latch) {
        try {
            assertThat(latch.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static SessionRecord.State stateOf(SessionKey key) {
        return here().sessions().apply(key, new Change.Look()).requireView().state();
    }

    private WebApplication application() {
        return cache.application();
    }

    private LiveSession sharedAndLeftToTheOther() throws Exception {
        while (true) {
            LiveSession session = create();
            if (EndClaim.rank(session.key(), there().node()) < EndClaim.rank(session.key(), here().node())) {
                share(session);
                return session;
            }
            session.invalidate();
            ends.set(0);
        }
    }

    private LiveSession create() throws Exception {
        String id = UUID.randomUUID().toString();
        LiveSession session = (LiveSession) cache.newSession(id, System.currentTimeMillis(), MAX_INACTIVE.toMillis());
        session.setExtendedId(id);
        cache.add(id, session);
        session.setAttribute("who", "ada");
        cache.release(session);
        return session;
    }

    private static void share(LiveSession session) {
        there().sessions().apply(session.key(), new Change.Join(there().node(), there().nextLoad(), 0, null));
    }

    private static long ask(SessionKey key) {
        return there().inbox().tell(Set.of(here().node()), Notice.Kind.DUE, key, 0);
    }

    private static Grid here() {
        return grids.grid(0);
    }

    private static Grid there() {
        return grids.grid(1);
    }
}
