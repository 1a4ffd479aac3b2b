package dev.mooring.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.grid.Grid;
import dev.mooring.grid.Inbox;
import dev.mooring.grid.TestGrids;
import dev.mooring.model.Change;
import dev.mooring.model.Notice;
import dev.mooring.model.SessionKey;
import dev.mooring.testing.Policies;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.Session;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.session.SessionHandler;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A session that is due, and that another node holds too, which does what no node should. That one is a bare grid in
 * this JVM, without a web application.
 */
@ParameterizedClass
@EnumSource(names = {"MEMBER", "CLIENT"})
class ExpiriesIT {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Duration MAX_INACTIVE = Duration.ofMillis(2_500);

    /** For how long it is left to a node that has asked. */
    private static final long ASKED_MS = 1_000;

    private static TestGrids grids;

    @Parameter
    TestGrids.Mode mode;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Deadlines deadlines = new Deadlines(threads);
    private final AtomicInteger ends = new AtomicInteger();
    private final Server server = new Server();
    private LiveSessionCache cache;

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
            ask(session);
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

    private static void ask(LiveSession session) {
        SessionKey key = session.key();
        there().inbox().tellAll(Notice.Kind.DUE, List.of(new Inbox.News(key, 0, Set.of(here().node()))));
    }

    private static Grid here() {
        return grids.grid(0);
    }

    private static Grid there() {
        return grids.grid(1);
    }
}
