package dev.mooring.grid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.cluster.MembershipAdapter;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.instance.impl.HazelcastInstanceProxy;
import com.hazelcast.spi.impl.PartitionSpecificRunnable;
import com.hazelcast.spi.impl.operationservice.impl.OperationServiceImpl;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Times;
import dev.mooring.nodes.Ports;
import dev.mooring.testing.Clean;
import dev.mooring.testing.TcpRelay;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two members that lose sight of each other, go on for themselves, and find each other again. They are configured by
 * files, as they reach each other through relays.
 */
@ExtendWith(Clean.class)
class SplitIT {

    private static final Duration LIMIT = Duration.ofSeconds(90);

    /** Longer than anybody waits for a backup. */
    private static final Duration LATE = Duration.ofMillis(1_500);

    /** For how long. */
    private static final Duration LATE_ONES = Duration.ofSeconds(8);

    private static final Duration SLOW = Duration.ofMillis(20);

    private static final int MANY = 600;

    private final String cluster = "test-" + UUID.randomUUID();
    private final AtomicLong operations = new AtomicLong();

    @TempDir
    private Path directory;

    @Test
    void isMergedByAttributeAndAnEndWins() throws IOException {
        int[] ports = {Ports.free(), Ports.free()};
        SessionKey shared = TestGrids.newKey();
        SessionKey ended = TestGrids.newKey();
        SessionKey onlyLeft = TestGrids.newKey();
        try (TcpRelay toLeft = TcpRelay.to(ports[0]);
                TcpRelay toRight = TcpRelay.to(ports[1])) {
            Grid left = Grid.start(member("left", ports[0], toLeft, toRight), TestGrids.GRACE);
            Grid right = Grid.start(member("right", ports[1], toRight, toLeft), TestGrids.GRACE);
            try {
                awaitMembers(2, left, right);
                create(left, shared, "both", "old");
                create(left, ended, "both", "old");
                for (SessionKey key : Set.of(shared, ended)) {
                    assertThat(join(right, key).attributes()).containsOnlyKeys("both");
                }

                // From here on each has all that the other has.
                await().atMost(LIMIT)
                        .until(() -> Hazelcast.getAllHazelcastInstances().stream()
                                .allMatch(each -> each.getPartitionService().isClusterSafe()));
                toLeft.cut();
                toRight.cut();
                awaitMembers(1, left, right);
                write(left, shared, Map.of("left", "1"), Set.of("both"));
                write(right, shared, Map.of("right", "2"), Set.of());
                write(left, ended, Map.of("left", "3"), Set.of());
                end(right, ended);
                create(left, onlyLeft, "left", "4");
                long leftEpoch = left.lease().epoch();
                long rightEpoch = right.lease().epoch();
                toLeft.mend();
                toRight.mend();
                awaitMembers(2, left, right);

                for (Grid grid : new Grid[] {left, right}) {
                    await().atMost(LIMIT).untilAsserted(() -> {
                        assertThat(join(grid, shared).attributes()).containsOnlyKeys("left", "right");
                        assertThat(join(grid, onlyLeft).attributes()).containsOnlyKeys("left");
                        assertThat(outcomeOfJoin(grid, ended).result()).isEqualTo(Outcome.Result.ENDED);
                    });
                }
                // What a node has read before counts no more, on either side.
                await().atMost(LIMIT).untilAsserted(() -> {
                    assertThat(left.lease().epoch()).isGreaterThan(leftEpoch);
                    assertThat(right.lease().epoch()).isGreaterThan(rightEpoch);
                });
                assertThat(left.clusterName()).isEqualTo(cluster);
            } finally {
                right.stop();
                left.stop();
            }
        }
    }

    /**
     * The backups of what is being merged answer late, as on a busy machine, or where partitions move at that moment:
     * nothing is lost thereby. Which of the two gives way is Hazelcast's choice, so both have something to lose.
     */
    @Tag("stress")
    @Test
    void isMergedAsAWholeAlsoWhenTheBackupsAreLate() throws IOException {
        int[] ports = {Ports.free(), Ports.free()};
        try (TcpRelay toLeft = TcpRelay.to(ports[0]);
                TcpRelay toRight = TcpRelay.to(ports[1])) {
            Grid left = Grid.start(member("left", ports[0], toLeft, toRight), TestGrids.GRACE);
            Grid right = Grid.start(member("right", ports[1], toRight, toLeft), TestGrids.GRACE);
            var over = new AtomicBoolean();
            try {
                awaitMembers(2, left, right);
                toLeft.cut();
                toRight.cut();
                awaitMembers(1, left, right);
                List<SessionKey> keys =
                        Stream.generate(TestGrids::newKey).limit(MANY).toList();
                keys.subList(0, MANY / 2).forEach(key -> create(left, key, "left", "1"));
                keys.subList(MANY / 2, MANY).forEach(key -> create(right, key, "right", "2"));
                Hazelcast.getAllHazelcastInstances().forEach(each -> holdUp(each, over));
                toLeft.mend();
                toRight.mend();
                awaitMembers(2, left, right);

                await().atMost(LIMIT)
                        .ignoreException(StoreUnavailableException.class)
                        .untilAsserted(() -> assertThat(left.sessions().known(keys))
                                .as("of %s sessions", MANY)
                                .hasSize(MANY));
            } finally {
                over.set(true);
                right.stop();
                left.stop();
            }
        }
    }

    /**
     * Every member is a bit slow. One that merges is so slow at first, when it has joined, that a backup which it is to
     * store is late.
     */
    private static void holdUp(HazelcastInstance member, AtomicBoolean over) {
        OperationServiceImpl operations = ((HazelcastInstanceProxy) member)
                .getOriginal()
                .node
                .getNodeEngine()
                .getOperationService();
        var merging = new AtomicBoolean();
        member.getLifecycleService().addLifecycleListener(event -> {
            if (event.getState() == LifecycleState.MERGING) {
                merging.set(true);
            } else if (event.getState() == LifecycleState.MERGED) {
                merging.set(false);
            }
        });
        member.getCluster().addMembershipListener(new MembershipAdapter() {
            @Override
            public void memberAdded(MembershipEvent event) {
                if (merging.get()) {
                    long joined = System.nanoTime();
                    holdUp(operations, LATE, () -> System.nanoTime() - joined > LATE_ONES.toNanos());
                }
            }
        });
        holdUp(operations, SLOW, over::get);
    }

    /** Between two of the things that the threads of the partitions do, they do nothing for a while. */
    private static void holdUp(OperationServiceImpl operations, Duration time, BooleanSupplier over) {
        for (int i = 0; i < operations.getPartitionThreadCount(); i++) {
            int thread = i;
            operations.execute(new PartitionSpecificRunnable() {
                @Override
                public int getPartitionId() {
                    return thread;
                }

                @Override
                public void run() {
                    LockSupport.parkNanos(time.toNanos());
                    if (!over.getAsBoolean()) {
                        operations.execute(this);
                    }
                }
            });
        }
    }

    private static void awaitMembers(int members, Grid... grids) {
        for (Grid grid : grids) {
            await().atMost(LIMIT).until(() -> grid.members() == members);
        }
    }

    private GridConfig member(String name, int port, TcpRelay own, TcpRelay other) throws IOException {
        Path file = directory.resolve(name + ".yaml");
        Files.writeString(
                file, String.format(Locale.ROOT, """
                hazelcast:
                  cluster-name: %s
                  properties:
                    hazelcast.wait.seconds.before.join: 0
                  network:
                    public-address: %s
                    port:
                      port: %d
                      auto-increment: false
                    interfaces:
                      enabled: true
                      interfaces: [127.0.0.1]
                    join:
                      auto-detection:
                        enabled: false
                      multicast:
                        enabled: false
                      tcp-ip:
                        enabled: true
                        connection-timeout-seconds: 2
                        member-list: ["%s", "%s"]
                """, cluster, own.address(), port, own.address(), other.address()));
        return new GridConfig.Member(
                "", "127.0.0.1", port, List.of(), Optional.of(file), Optional.empty(), TestGrids.MAP, 1);
    }

    private void create(Grid grid, SessionKey key, String name, String value) {
        apply(grid, key, delta(grid, key, true, Map.of(name, value), Set.of()));
    }

    private void write(Grid grid, SessionKey key, Map<String, String> set, Set<String> removed) {
        apply(grid, key, delta(grid, key, false, set, removed));
    }

    private Change delta(Grid grid, SessionKey key, boolean creates, Map<String, String> set, Set<String> removed) {
        Map<String, byte[]> bytes = new HashMap<>();
        set.forEach((name, value) -> bytes.put(name, value.getBytes(StandardCharsets.UTF_8)));
        return new Change.Delta(
                grid.node(),
                1,
                operations.incrementAndGet(),
                creates,
                times(grid),
                creates ? key.name() : null,
                creates ? Long.valueOf(TestGrids.MAX_INACTIVE_MS) : null,
                bytes,
                removed,
                Set.of());
    }

    private static Times times(Grid grid) {
        long now = grid.clusterTime();
        return new Times(now, now, now, now, now);
    }

    private static void end(Grid grid, SessionKey key) {
        apply(grid, key, new Change.Claim(grid.node(), EndCause.INVALIDATED, null, Set.of(), times(grid), 0));
        apply(grid, key, new Change.End(grid.node()));
    }

    private static void apply(Grid grid, SessionKey key, Change change) {
        assertThat(grid.sessions().apply(key, change).applied()).isTrue();
    }

    private static Outcome outcomeOfJoin(Grid grid, SessionKey key) {
        return grid.sessions().apply(key, new Change.Join(grid.node(), 1, 0, null));
    }

    private static SessionRecord join(Grid grid, SessionKey key) {
        return outcomeOfJoin(grid, key).requireView();
    }
}
