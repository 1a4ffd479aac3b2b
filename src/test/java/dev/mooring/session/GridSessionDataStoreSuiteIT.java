package dev.mooring.session;

import dev.mooring.grid.Grid;
import dev.mooring.grid.TestGrids;
import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Times;
import dev.mooring.testing.Policies;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.eclipse.jetty.session.AbstractSessionDataStoreTest;
import org.eclipse.jetty.session.SessionData;
import org.eclipse.jetty.session.SessionDataStoreFactory;
import org.eclipse.jetty.util.ClassLoadingObjectInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Jetty's own suite for stores: its 24 tests, on a member and on a client. */
@ParameterizedClass
@EnumSource(names = {"MEMBER", "CLIENT"})
class GridSessionDataStoreSuiteIT extends AbstractSessionDataStoreTest {

    private static TestGrids grids;

    @Parameter
    TestGrids.Mode mode;

    GridSessionDataStoreSuiteIT() throws Exception {}

    @BeforeParameterizedClassInvocation
    static void startGrid(TestGrids.Mode mode) {
        grids = TestGrids.of(mode, 1);
    }

    @AfterParameterizedClassInvocation
    static void stopGrid() {
        grids.close();
    }

    /** Each test expects a store of its own. */
    @AfterEach
    void forgetSessions() {
        grids.clear();
    }

    private static Grid grid() {
        return grids.grid(0);
    }

    @Override
    public SessionDataStoreFactory createSessionDataStoreFactory() {
        return new GridSessionDataStoreFactory(grid(), Policies.SESSIONS);
    }

    @Override
    public void persistSession(SessionData data) throws Exception {
        Map<String, byte[]> values = new HashMap<>();
        for (Map.Entry<String, Object> entry : data.getAllAttributes().entrySet()) {
            var bytes = new ByteArrayOutputStream();
            try (var out = new ObjectOutputStream(bytes)) {
                out.writeObject(entry.getValue());
            }
            values.put(entry.getKey(), bytes.toByteArray());
        }
        persist(data, values);
    }

    @Override
    public void persistUnreadableSession(SessionData data) {
        persist(data, Map.of("a", new byte[] {1, 2, 3}));
    }

    private static void persist(SessionData data, Map<String, byte[]> values) {
        long maxInactiveMs = data.getMaxInactiveMs();
        long used = data.getExpiry() > 0 ? data.getExpiry() - maxInactiveMs : data.getAccessed();
        var times = new Times(data.getCreated(), data.getAccessed(), data.getLastAccessed(), used, data.getCookieSet());
        var key = keyOf(data);
        Outcome outcome = grid().sessions()
                .apply(
                        key,
                        new Change.Delta(
                                "test",
                                1,
                                1,
                                true,
                                times,
                                data.getId(),
                                maxInactiveMs,
                                values,
                                Set.of(),
                                Set.of("test")));
        if (!outcome.applied()) {
            throw new IllegalStateException("not persisted: " + outcome.result());
        }
    }

    @Override
    public boolean checkSessionExists(SessionData data) {
        return record(data).isPresent();
    }

    @Override
    public boolean checkSessionPersisted(SessionData data) throws Exception {
        SessionRecord record = record(data).orElseThrow(() -> new AssertionError("not stored"));
        Times times = record.times();
        boolean same = times.created() == data.getCreated()
                && times.accessed() == data.getAccessed()
                && times.lastAccessed() == data.getLastAccessed()
                && record.maxInactiveMs() == data.getMaxInactiveMs()
                && record.attributes().keySet().equals(data.getKeys());
        for (String name : data.getKeys()) {
            same &= isSame(
                    data.getAttribute(name), record.attributes().get(name).bytes());
        }
        return same;
    }

    private boolean isSame(Object value, byte[] bytes) throws Exception {
        ClassLoader old = Thread.currentThread().getContextClassLoader();
        Thread.currentThread().setContextClassLoader(_contextClassLoader);
        try (var in = new ClassLoadingObjectInputStream(new ByteArrayInputStream(bytes))) {
            Object read = in.readObject(_contextClassLoader);
            if (value.getClass().getName().contains("Proxy")) {
                return Arrays.equals(
                        value.getClass().getInterfaces(), read.getClass().getInterfaces());
            }
            return read.equals(value);
        } finally {
            Thread.currentThread().setContextClassLoader(old);
        }
    }

    private static Optional<SessionRecord> record(SessionData data) {
        Outcome outcome = grid().sessions().apply(keyOf(data), new Change.Look());
        return outcome.applied() ? Optional.of(outcome.requireView()) : Optional.empty();
    }

    private static SessionKey keyOf(SessionData data) {
        return new SessionKey(SessionKey.scope(data.getVhost(), data.getContextPath()), data.getId());
    }
}
