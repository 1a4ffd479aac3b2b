package dev.mooring.bench;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.instance.impl.HazelcastInstanceProxy;
import com.hazelcast.internal.server.ServerConnection;
import com.hazelcast.internal.server.tcp.TcpServerConnection;
import dev.mooring.grid.Grid;
import dev.mooring.grid.GridConfig;
import dev.mooring.model.Change;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.Times;
import dev.mooring.nodes.Ports;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;

/**
 * Does a write cost what is written, or what the session weighs? Two members of one cluster, over the loopback address,
 * in this JVM: one writes an attribute of 4 KiB, in turn to sessions that have nothing else and to sessions of 200 KiB,
 * tells the other one, and the other one reads what is new. Prints for both kinds of sessions how long that took, and
 * how many bytes moved between the members, as Hazelcast's own connections count them.
 *
 * <p>Run it with {@code mvn -Pbench}; a number as its argument is the number of writes for each kind.
 */
public final class HeavySession {
    private static final int ATTRIBUTE_BYTES = 4 << 10;
    private static final int HEAVY_BYTES = 200 << 10;
    private static final int SESSIONS = 16;
    private static final int WRITES = 5_000;
    private static final int WARM_UP = 2_000;
    private static final long SEED = 1;
    private static final String WRITTEN = "written";

    private final Grid writer;
    private final Grid reader;
    private final List<HazelcastInstance> members;
    private final Random random = new Random(SEED);

    /** A kind of sessions, and what was measured. */
    private static final class Kind {
        private final String name;
        private final List<Session> sessions;
        private long[] writeNanos = new long[0];
        private long[] readNanos = new long[0];
        private long bytes;

        Kind(String name, List<Session> sessions) {
            this.name = name;
            this.sessions = sessions;
        }

        /** Forgets what was measured, to measure so many writes. */
        void measure(int writes) {
            writeNanos = new long[writes];
            readNanos = new long[writes];
            bytes = 0;
        }

        double writeMicros(int percent) {
            return micros(writeNanos, percent);
        }

        double readMicros(int percent) {
            return micros(readNanos, percent);
        }

        double bytesPerWrite() {
            return (double) bytes / writeNanos.length;
        }

        private static double micros(long[] nanos, int percent) {
            long[] sorted = nanos.clone();
            Arrays.sort(sorted);
            return sorted[(sorted.length - 1) * percent / 100] / 1e3;
        }
    }

    /** One session as the writer and the reader know it. */
    private static final class Session {
        private final SessionKey key;
        private long operations;
        private long version;

        Session(SessionKey key) {
            this.key = key;
        }
    }

    private HeavySession(Grid writer, Grid reader, List<HazelcastInstance> members) {
        this.writer = writer;
        this.reader = reader;
        this.members = members;
    }

    /** Runs it and prints five lines. */
    public static void main(String[] arguments) {
        int writes = arguments.length == 0 ? WRITES : Integer.parseInt(arguments[0]);
        int port = Ports.free();
        String cluster = "bench-" + UUID.randomUUID();
        Grid writer = Grid.start(config(cluster, port), Duration.ZERO);
        try {
            Grid reader = Grid.start(config(cluster, port), Duration.ZERO);
            try {
                List<HazelcastInstance> members = Hazelcast.getAllHazelcastInstances().stream()
                        .filter(member -> member.getConfig().getClusterName().equals(cluster))
                        .toList();
                new HeavySession(writer, reader, members).run(writes);
            } finally {
                reader.stop();
            }
        } finally {
            writer.stop();
        }
    }

    private static GridConfig config(String cluster, int port) {
        return new GridConfig.Member(
                cluster,
                "127.0.0.1",
                port,
                List.of("127.0.0.1:" + port, "127.0.0.1:" + (port + 1)),
                Optional.empty(),
                Optional.empty(),
                "sessions",
                1);
    }

    private void run(int writes) {
        if (members.size() != 2 || writer.members() != 2) {
            throw new IllegalStateException("no cluster of two members: " + members);
        }
        Kind small = new Kind("small", sessions("/small", ATTRIBUTE_BYTES));
        Kind heavy = new Kind("heavy", sessions("/heavy", HEAVY_BYTES));
        System.out.printf(Locale.ROOT, "%d writes to each kind of session, after %d to warm up%n", writes, WARM_UP);
        measure(small, heavy, WARM_UP);
        measure(small, heavy, writes);
        System.out.printf(
                Locale.ROOT,
                "%d writes of %d bytes to sessions of %d bytes (small) and as many of %d bytes (heavy), in turn; two members"
                        + " on one machine, one backup, the other member reads each write%n",
                writes,
                ATTRIBUTE_BYTES,
                ATTRIBUTE_BYTES,
                HEAVY_BYTES);
        print(small);
        print(heavy);
        System.out.printf(
                Locale.ROOT,
                "heavy / small: write p50 %.2f, p99 %.2f (wanted: at most 1.5); %.1f KB moved between the members for each"
                        + " write (wanted: at most 16)%n",
                heavy.writeMicros(50) / small.writeMicros(50),
                heavy.writeMicros(99) / small.writeMicros(99),
                heavy.bytesPerWrite() / 1024);
    }

    private static void print(Kind kind) {
        System.out.printf(
                Locale.ROOT,
                "%s: write and notice p50 %.0f us, p99 %.0f us; read of the other member p50 %.0f us, p99 %.0f us;"
                        + " %.0f bytes moved for each write%n",
                kind.name,
                kind.writeMicros(50),
                kind.writeMicros(99),
                kind.readMicros(50),
                kind.readMicros(99),
                kind.bytesPerWrite());
    }

    /** As many sessions on one member as on the other, so that both kinds are written alike near and far. */
    private List<Session> sessions(String contextPath, int bytes) {
        var sessions = new ArrayList<Session>();
        int near = 0;
        while (sessions.size() < SESSIONS) {
            var session = new Session(new SessionKey(
                    SessionKey.scope("0.0.0.0", contextPath), UUID.randomUUID().toString()));
            boolean isNear = members.get(0)
                    .getPartitionService()
                    .getPartition(session.key.path())
                    .getOwner()
                    .localMember();
            if (isNear ? near < SESSIONS / 2 : sessions.size() - near < SESSIONS / 2) {
                near += isNear ? 1 : 0;
                sessions.add(session);
                create(session, bytes);
            }
        }
        return sessions;
    }

    private void create(Session session, int bytes) {
        Map<String, byte[]> attributes = new HashMap<>();
        attributes.put(WRITTEN, value());
        for (int rest = bytes - ATTRIBUTE_BYTES; rest > 0; rest -= ATTRIBUTE_BYTES) {
            attributes.put("attribute " + rest, value());
        }
        apply(session, attributes, true);
        join(session);
    }

    private void measure(Kind small, Kind heavy, int writes) {
        small.measure(writes);
        heavy.measure(writes);
        for (int i = 0; i < writes; i++) {
            // Who comes first in a pair is left to chance: the second one finds warmer caches.
            boolean smallFirst = random.nextBoolean();
            measure(smallFirst ? small : heavy, i);
            measure(smallFirst ? heavy : small, i);
        }
    }

    private void measure(Kind kind, int number) {
        Session session = kind.sessions.get(number % kind.sessions.size());
        Map<String, byte[]> attributes = Map.of(WRITTEN, value());
        long bytesBefore = bytesSent();
        long start = System.nanoTime();
        Outcome outcome = apply(session, attributes, false);
        writer.inbox().tell(outcome.holders(), Notice.Kind.CHANGED, session.key, outcome.version());
        long written = System.nanoTime();
        join(session);
        kind.writeNanos[number] = written - start;
        kind.readNanos[number] = System.nanoTime() - written;
        kind.bytes += bytesSent() - bytesBefore;
    }

    private Outcome apply(Session session, Map<String, byte[]> attributes, boolean creates) {
        long now = writer.clusterTime();
        Outcome outcome = writer.sessions()
                .apply(
                        session.key,
                        new Change.Delta(
                                writer.node(),
                                1,
                                ++session.operations,
                                creates,
                                new Times(now, now, now, now, now),
                                creates ? session.key.name() : null,
                                creates ? Duration.ofHours(1).toMillis() : null,
                                attributes,
                                Set.of(),
                                Set.of()));
        if (!outcome.applied()) {
            throw new IllegalStateException("not written: " + outcome);
        }
        return outcome;
    }

    private void join(Session session) {
        Outcome outcome =
                reader.sessions().apply(session.key, new Change.Join(reader.node(), 1, session.version, null));
        session.version = outcome.requireView().version();
    }

    private byte[] value() {
        byte[] bytes = new byte[ATTRIBUTE_BYTES];
        random.nextBytes(bytes);
        return bytes;
    }

    /** What both members have sent to each other so far. */
    private long bytesSent() {
        long sum = 0;
        for (HazelcastInstance member : members) {
            for (ServerConnection connection : ((HazelcastInstanceProxy) member)
                    .getOriginal()
                    .node
                    .getServer()
                    .getConnections()) {
                sum += ((TcpServerConnection) connection).getChannel().bytesWritten();
            }
        }
        return sum;
    }
}
