package dev.mooring.session;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.grid.TestGrids;
import dev.mooring.testing.Policies;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.eclipse.jetty.session.AbstractSessionCacheFactory;
import org.eclipse.jetty.session.DefaultSessionCacheTest;
import org.eclipse.jetty.session.SessionCache;
import org.eclipse.jetty.session.TestableSessionDataStore;
import org.eclipse.jetty.session.TestableSessionManager;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Jetty's own suite for caches: its 12 tests, which bring a store of their own, on a member and on a client. And those
 * 5 of the 11 more for its default cache that ask this class for the cache; the 6 others look at Jetty's.
 */
@ParameterizedClass
@EnumSource(names = {"MEMBER", "CLIENT"})
class LiveSessionCacheSuiteIT extends DefaultSessionCacheTest {

    private static TestGrids grids;
    private static ExecutorService threads;
    private static Deadlines deadlines;

    @Parameter
    TestGrids.Mode mode;

    @BeforeParameterizedClassInvocation
    static void startGrid(TestGrids.Mode mode) {
        grids = TestGrids.of(mode, 1);
        threads = Executors.newCachedThreadPool();
        deadlines = new Deadlines(threads);
    }

    @AfterParameterizedClassInvocation
    static void stopGrid() {
        deadlines.stop();
        threads.shutdown();
        grids.close();
    }

    @Override
    public AbstractSessionCacheFactory newSessionCacheFactory(
            int evictionPolicy,
            boolean saveOnCreate,
            boolean saveOnInactiveEvict,
            boolean removeUnloadableSessions,
            boolean flushOnResponseCommit) {
        var factory = new LiveSessionCacheFactory(grids.grid(0), Policies.SESSIONS, deadlines, new Figures());
        factory.setEvictionPolicy(evictionPolicy);
        factory.setSaveOnCreate(saveOnCreate);
        factory.setSaveOnInactiveEviction(saveOnInactiveEvict);
        factory.setRemoveUnloadableSessions(removeUnloadableSessions);
        factory.setFlushOnResponseCommit(flushOnResponseCommit);
        return factory;
    }

    @Override
    public void checkSessionBeforeShutdown(
            String id, TestableSessionDataStore store, SessionCache cache, TestableSessionManager manager)
            throws Exception {
        assertThat(store.exists(id)).isTrue();
        assertThat(cache.contains(id)).isTrue();
    }

    @Override
    public void checkSessionAfterShutdown(
            String id, TestableSessionDataStore store, SessionCache cache, TestableSessionManager manager)
            throws Exception {
        assertThat(cache.contains(id)).isFalse();
        assertThat(store.exists(id)).isEqualTo(!cache.isInvalidateOnShutdown());
    }
}
