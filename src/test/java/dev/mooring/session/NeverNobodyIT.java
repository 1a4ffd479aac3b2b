package dev.mooring.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.mooring.grid.Grid;
import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.grid.TestGrids;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.Times;
import dev.mooring.session.SessionPolicy.OnStoreFailure;
import dev.mooring.testing.Policies;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.io.Serializable;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.http.HttpTester;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.LocalConnector;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.Session;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.session.DefaultSessionIdManager;
import org.eclipse.jetty.session.ManagedSession;
import org.eclipse.jetty.session.SessionHandler;
import org.eclipse.jetty.session.SessionInactivityTimer;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.AutoLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A request that brings the id of a session is served with that, or refused, or the session is over: whatever goes
 * wrong, its user never becomes nobody without a word. On a Jetty in this JVM, so that what nobody has thought of can
 * be made to go wrong.
 */
@ParameterizedClass
@EnumSource(names = {"MEMBER", "CLIENT"})
class NeverNobodyIT {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String WHO = "who";
    private static final String SAID = "said";

    @Parameter
    TestGrids.Mode mode;

    private final ExecutorService threads = Executors.newCachedThreadPool();

    /** The thread for which no other is to be had. */
    private final AtomicReference<Thread> alone = new AtomicReference<>();

    private final Deadlines deadlines = new Deadlines(this::execute);
    private final AtomicInteger ends = new AtomicInteger();
    private final AtomicReference<RuntimeException> loadsFail = new AtomicReference<>();
    private final Server server = new Server();
    private final LocalConnector connector = new LocalConnector(server);

    /** Runs once, in a request that has found its session, before Jetty goes on with it. */
    private final AtomicReference<Runnable> whenFound = new AtomicReference<>(() -> {});

    /** Runs in a request that changes an id, when that is done and nobody has been answered. */
    private Runnable whenRenamed = () -> {};

    /**
     * Runs within a request that says {@code /between}, after it has changed its session, or {@code /reading}, after it
     * has read what it wants.
     */
    private Runnable between = () -> {};

    private TestGrids grids;
    private SessionHandler sessions;

    @BeforeEach
    void startJetty() throws Exception {
        grids = TestGrids.of(mode, 1);
        SessionPolicy policy = Policies.SESSIONS;
        server.addConnector(connector);
        server.addBean(new LiveSessionCacheFactory(grid(), policy, deadlines, new Figures()));
        server.addBean(new GridSessionDataStoreFactory(grid(), policy));
        sessions = new SessionHandler() {
            @Override
            public void onSessionDestroyed(Session session) {
                ends.incrementAndGet();
                super.onSessionDestroyed(session);
            }

            /** As the environments' own, for whoever is told of a session. */
            @Override
            public Session.API newSessionAPIWrapper(ManagedSession session) {
                return (Session.API) Proxy.newProxyInstance(
                        NeverNobodyIT.class.getClassLoader(),
                        new Class<?>[] {Session.API.class, HttpSession.class},
                        (api, method, arguments) -> session);
            }

            @Override
            public void onSessionIdChanged(Session session, String oldId) {
                whenRenamed.run();
            }

            @Override
            public SessionInactivityTimer newSessionInactivityTimer(ManagedSession session) {
                RuntimeException failure = loadsFail.getAndSet(null);
                if (failure != null) {
                    throw failure;
                }
                return super.newSessionInactivityTimer(session);
            }
        };
        sessions.setSessionIdManager(new DefaultSessionIdManager(server) {
            @Override
            public String getExtendedId(String id, Request request) {
                whenFound.getAndSet(() -> {}).run();
                return super.getExtendedId(id, request);
            }
        });
        var requests = new SessionRequestHandler(sessions, OnStoreFailure.REJECT);
        requests.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                serve(request, response, callback);
                return true;
            }
        });
        sessions.setHandler(requests);
        var context = new ContextHandler(sessions, "/");
        context.addEventListener(SessionRequestHandler.scopeListener());
        server.setHandler(context);
        server.start();
    }

    @AfterEach
    void stopJetty() throws Exception {
        server.stop();
        deadlines.stop();
        threads.shutdown();
        grids.close();
    }

    private void execute(Runnable task) {
        if (Thread.currentThread() == alone.get()) {
            throw new OutOfMemoryError("expected by the test");
        }
        threads.execute(task);
    }

    private void serve(Request request, Response response, Callback callback) {
        String path = Request.getPathInContext(request);
        Session session = request.getSession(path.equals("/open"));
        if (path.equals("/open")) {
            session.setAttribute(WHO, "ada");
            session.setAttribute(SAID, new ArrayList<String>());
        } else if (path.equals("/between")) {
            // In place: it is stored with the response.
            @SuppressWarnings("unchecked")
            List<String> said = (List<String>) session.getAttribute(SAID);
            said.add("something");
            between.run();
        } else if (path.equals("/rename")) {
            session.renewId(request, response);
        }
        String who = session == null ? "nobody" : String.valueOf(session.getAttribute(WHO));
        if (path.equals("/reading")) {
            between.run();
        }
        response.write(true, ByteBuffer.wrap(who.getBytes(StandardCharsets.UTF_8)), callback);
    }

    /** The claim has arrived, and its answer has not. */
    @Test
    void whereThisNodeIsAboutToEndTheSessionItIsGoneAndEndsOnce() throws Exception {
        String id = open();
        claim(id);
        heardOf(id);

        assertThat(sessions.getSessionCache().get(id)).isNull();
        assertThat(get("/who", id).getContent()).isEqualTo("nobody");
        await().atMost(LIMIT).untilAsserted(() -> assertThat(ends).hasValue(1));
        assertThat(get("/who", id).getContent()).isEqualTo("nobody");
    }

    @Test
    void whatARequestChangesWhileThisNodeIsAboutToEndTheSessionGoesWithIt() throws Exception {
        String id = open();
        between = () -> claim(id);

        assertThat(get("/between", id).getStatus()).isEqualTo(200);

        await().atMost(LIMIT).untilAsserted(() -> assertThat(ends).hasValue(1));
        assertThat(get("/who", id).getContent()).isEqualTo("nobody");
    }

    /** The last one is what an application gets whose session has ended. */
    @Test
    void anErrorThatNobodyHasThoughtOfRefusesTheRequestAndLeavesTheSession() throws Exception {
        int number = 0;
        for (RuntimeException failure : List.of(
                new UnsupportedOperationException("nobody has thought of this"),
                new IllegalStateException("nor of this"))) {
            String id = "made-elsewhere-" + number++;
            makeElsewhere(id);
            loadsFail.set(failure);

            HttpTester.Response refused = get("/who", id);

            assertThat(refused.getStatus()).isEqualTo(503);
            assertThat(refused.get("Retry-After")).isNotNull();
            assertThat(refused.get("Set-Cookie")).isNull();
            assertThat(get("/who", id).getContent()).isEqualTo("ada");
        }
    }

    /** Nor does the next one on its connection. */
    @Test
    void aRequestThatHasReadWhatItWantsDoesNotWaitForAnotherThatIsNotAnswered() throws Exception {
        String id = open();
        var other = new AtomicReference<Future<HttpTester.Response>>();
        grids.hold(key(id));
        try {
            between = () -> {
                heardOf(id);
                other.set(threads.submit(() -> get("/who", id)));
                await().atMost(LIMIT).until(() -> isAsked(id));
            };
            LocalConnector.LocalEndPoint connection = connector.connect();

            assertThat(get("/reading", id, connection).getContent()).isEqualTo("ada");
            assertThat(get("/who", "", connection).getContent()).isEqualTo("nobody");

            assertThat(other.get().isDone()).isFalse();
        } finally {
            grids.letGo(key(id));
        }
        assertThat(other.get().get().getContent()).isEqualTo("ada");
    }

    @Test
    void whatARequestHasWaitedForCountsForAllThatItAsks() throws Exception {
        String id = open();
        var taken = new AtomicReference<Duration>();
        grids.hold(key(id));
        try {
            between = () -> {
                RequestScope.waited(TimeUnit.MILLISECONDS.toNanos(4_400));
                heardOf(id);
                long begun = System.nanoTime();
                assertThatThrownBy(() -> session(id).getAttribute(WHO)).isInstanceOf(StoreUnavailableException.class);
                taken.set(Duration.ofNanos(System.nanoTime() - begun));
            };
            assertThat(get("/reading", id).getStatus()).isEqualTo(200);
        } finally {
            grids.letGo(key(id));
        }
        assertThat(taken.get()).isLessThan(Grid.CALL_TIMEOUT.dividedBy(2));
    }

    @Test
    void whoWaitsForAnotherThreadsChangeOfTheIdDoesNotWaitForEver() throws Exception {
        LiveSession session = session(open());
        session.startChanging();
        try (Patience ignored = Patience.begin(Duration.ofSeconds(4))) {
            assertThatThrownBy(session::startChanging).isInstanceOf(StoreUnavailableException.class);
            assertThatThrownBy(session::invalidate).isInstanceOf(StoreUnavailableException.class);
        } finally {
            session.stopChanging();
        }
        session.invalidate();
        assertThat(ends).hasValue(1);
    }

    /** It finds nothing left to store, and may not go on as if all other holders knew of the change. */
    @Test
    void whoseChangeAnotherThreadHasCarriedHearsThatAHolderCouldNotBeTold() throws Exception {
        String id = open();
        String silent = grids.addSilentNode();
        grid().sessions().apply(key(id), new Change.Join(silent, 1, 0, null));
        LiveSession session = cache().application().sessions().get(id);
        long losses = session.writes().losses();
        try (AutoLock ignored = session.lock()) {
            session.data().setAttribute(WHO, "eve");
        }

        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> storeWithLittlePatience(session))
                .withMessageContaining(silent);

        assertThat(session.writes().store()).isEqualTo(Writes.Stored.BEFORE);
        assertThatExceptionOfType(StoreUnavailableException.class)
                .isThrownBy(() -> session.writes().failIfLostSince(losses));
        grids.forgetSilentNode(silent);
        assertThat(get("/who", id).getContent()).isEqualTo("eve");
    }

    @Test
    void whereAThreadFailsThatFindsTheSessionEndedNobodyWaitsForIt() throws Exception {
        String id = open();
        LiveSession session = session(id);
        session.attachments().attach(cause -> {});
        try (AutoLock ignored = session.lock()) {
            session.data().setAttribute(WHO, "eve");
        }
        // Nobody else is to look at it meanwhile.
        try (Exchange.Turn ignored = session.exchange().turnAtLast()) {
            claim(id, "elsewhere");
            alone.set(Thread.currentThread());
            assertThatThrownBy(session::store).isInstanceOf(OutOfMemoryError.class);
            alone.set(null);
        }

        assertThat(session.writes().store()).isEqualTo(Writes.Stored.BEFORE);
    }

    /** What a listener has changed cannot be stored, so the session stays after all. */
    @Test
    void whoeverWasToldOfAnEvictionThatFailsHearsThatTheSessionIsBack() throws Exception {
        String id = open();
        LiveSession session = session(id);
        var faithful = new Sleeper(false);
        session.setAttribute("faithful", faithful);
        session.setAttribute("changing", new Sleeper(true));
        await().atMost(LIMIT).until(() -> session.uses().requests() == 0);
        grids.hold(key(id));
        try {
            assertThat(threads.submit(() -> evictWithLittlePatience(session)))
                    .failsWithin(LIMIT)
                    .withThrowableThat()
                    .withCauseInstanceOf(StoreUnavailableException.class);
        } finally {
            grids.letGo(key(id));
        }

        assertThat(faithful.told).containsExactly("goes", "is back");
    }

    private static void evictWithLittlePatience(LiveSession session) {
        try (Patience ignored = Patience.begin(Duration.ofMillis(4_400))) {
            session.residence().evict(Long.MAX_VALUE);
        }
    }

    /** A value that hears where its session goes, and may change thereby. */
    private static final class Sleeper implements HttpSessionActivationListener, Serializable {
        private static final long serialVersionUID = 1L;

        private final transient List<String> told = new ArrayList<>();
        private final boolean changes;
        private int changed;

        Sleeper(boolean changes) {
            this.changes = changes;
        }

        @Override
        public void sessionWillPassivate(HttpSessionEvent event) {
            told.add("goes");
            changed += changes ? 1 : 0;
        }

        @Override
        public void sessionDidActivate(HttpSessionEvent event) {
            told.add("is back");
        }
    }

    /** Long enough for the record, and not for giving a node up. */
    private static void storeWithLittlePatience(LiveSession session) {
        try (Patience ignored = Patience.begin(Duration.ofMillis(3_550))) {
            session.store();
        }
    }

    /** Jetty gives the session the id, with the node's name, by which a request has found it, whatever it is by then. */
    @Test
    void aRequestThatHasFoundTheSessionBeforeItsIdChangesTakesNothingFromWhomGetsTheNewOne() throws Exception {
        String id = open();
        var found = new CountDownLatch(1);
        var renamed = new CountDownLatch(1);
        whenFound.set(() -> {
            found.countDown();
            await().atMost(LIMIT).until(() -> renamed.getCount() == 0);
        });
        Future<HttpTester.Response> early = threads.submit(() -> get("/who", id));
        assertThat(found.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        whenRenamed = () -> {
            renamed.countDown();
            await().atMost(LIMIT).until(early::isDone);
        };

        String newId = idIn(get("/rename", id));

        assertThat(early.get().getContent()).isEqualTo("ada");
        assertThat(early.get().get("Set-Cookie")).isNull();
        assertThat(newId).isNotEqualTo(id);
        assertThat(get("/who", newId).getContent()).isEqualTo("ada");
        assertThat(get("/who", id).getContent()).isEqualTo("nobody");
    }

    /** By somebody else's hand: nothing has told this node. */
    @Test
    void whenHazelcastHasEndedTheRequestIsServedByTheLeaseOrRefused() throws Exception {
        String id = open();
        assertThat(get("/who", id).getContent()).isEqualTo("ada");

        grids.endHazelcast();

        AtomicInteger refused = new AtomicInteger();
        await().atMost(LIMIT).pollInterval(Duration.ofMillis(10)).until(() -> {
            HttpTester.Response answer = get("/who", id);
            if (answer.getStatus() == 503) {
                return refused.incrementAndGet() == 20;
            }
            assertThat(answer.getStatus() + " " + answer.getContent()).isEqualTo("200 ada");
            return false;
        });
        assertThat(get("/between", id).getStatus()).isEqualTo(503);
    }

    @Test
    void afterTheNodeHasLeftTheClusterTheRequestIsRefused() throws Exception {
        String id = open();

        grid().stop();

        assertThat(get("/who", id).getStatus()).isEqualTo(503);
        assertThat(get("/who", "unknown").getStatus()).isEqualTo(503);
    }

    private Grid grid() {
        return grids.grid(0);
    }

    private String open() throws Exception {
        return idIn(request("/open", null));
    }

    private static String idIn(HttpTester.Response response) {
        String cookie = response.get("Set-Cookie");
        // What follows the point names the node.
        return cookie.substring(cookie.indexOf('=') + 1, cookie.indexOf('.'));
    }

    private HttpTester.Response get(String path, String id) throws Exception {
        return request(path, id);
    }

    private HttpTester.Response request(String path, String id) throws Exception {
        var request = HttpTester.newRequest();
        request.setURI(path);
        request.setHeader("Host", "localhost");
        if (id != null) {
            request.setHeader("Cookie", sessions.getSessionCookie() + "=" + id);
        }
        return HttpTester.parseResponse(connector.getResponse(request.generate()));
    }

    private HttpTester.Response get(String path, String id, LocalConnector.LocalEndPoint connection) throws Exception {
        connection.addInputAndExecute(BufferUtil.toBuffer("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nCookie: "
                + sessions.getSessionCookie() + "=" + id + "\r\n\r\n"));
        return HttpTester.parseResponse(connection.getResponse(false, LIMIT.toSeconds(), TimeUnit.SECONDS));
    }

    private LiveSession session(String id) {
        return cache().application().sessions().get(id);
    }

    /** Tells whether a thread of this node waits for the cluster to answer about a session. */
    private boolean isAsked(String id) {
        try (Exchange.Turn turn = session(id).exchange().tryTurn()) {
            return turn == null;
        }
    }

    private SessionKey key(String id) {
        return cache().application().cluster().key(id);
    }

    private LiveSessionCache cache() {
        return (LiveSessionCache) sessions.getSessionCache();
    }

    private void claim(String id) {
        claim(id, grid().node());
    }

    private void claim(String id, String node) {
        Outcome claimed = grid().sessions()
                .apply(key(id), new Change.Claim(node, EndCause.INVALIDATED, null, Set.of(), Times.UNKNOWN, 0));
        assertThat(claimed.applied()).isTrue();
    }

    private void makeElsewhere(String id) throws Exception {
        long now = grid().clusterTime();
        Outcome made = grid().sessions()
                .apply(
                        key(id),
                        new Change.Delta(
                                "elsewhere",
                                1,
                                1,
                                true,
                                new Times(now, now, now, now, 0),
                                id,
                                -1L,
                                Map.of(WHO, cache().application().codec().encode("ada")),
                                Set.of(),
                                Set.of()));
        assertThat(made.applied()).isTrue();
    }

    /** The record has changed, which this node has been told. */
    private void heardOf(String id) {
        Heard known = cache().application().sessions().known(key(id));
        known.told(known.version() + 1);
    }
}
