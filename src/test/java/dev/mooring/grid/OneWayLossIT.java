package dev.mooring.grid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.mooring.model.Change;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.Times;
import dev.mooring.nodes.Ports;
import dev.mooring.testing.Clean;
import dev.mooring.testing.TcpRelay;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A node that is heard and hears nothing: what it says arrives, the answers do not. */
@ExtendWith(Clean.class)
class OneWayLossIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Times TIMES = new Times(1, 1, 1, 1, 0);

    private final String cluster = "test-" + UUID.randomUUID();
    private final SessionKey key = TestGrids.newKey();

    @Test
    void trustsItsCopyNoMoreWhenTheWriterGoesOn() {
        int port = Ports.free();
        try (TcpRelay relay = TcpRelay.to(port)) {
            HazelcastInstance server = Hazelcast.newHazelcastInstance(serverBehind(relay, port));
            Grid writer = Grid.start(clientOf(relay), TestGrids.GRACE);
            int connections = relay.connections();
            Grid deaf = Grid.start(clientOf(relay), TestGrids.GRACE);
            AtomicLong heard = new AtomicLong();
            deaf.inbox().register(key.scope(), notice -> {
                heard.accumulateAndGet(notice.version(), Math::max);
                return 0;
            });
            try {
                writer.sessions().apply(key, write(writer, 1, "old"));
                assertThat(join(deaf).applied()).isTrue();
                tell(writer, writer.sessions().apply(key, write(writer, 2, "older")));
                assertThat(heard).hasValue(2);

                relay.deafen(connections);
                tell(writer, writer.sessions().apply(key, write(writer, 3, "new")));

                assertThat(deaf.lease().epoch())
                        .as("the lease of the node that hears nothing")
                        .isEqualTo(Lease.LAPSED);
                assertThat(heard).hasValue(2);
                assertThat(versionReadBy(deaf)).isIn(Optional.empty(), Optional.of(3L));
                await().atMost(LIMIT)
                        .untilAsserted(() -> assertThat(deaf.lease().epoch()).isGreaterThan(1));
                assertThat(join(deaf).version()).isEqualTo(3);
            } finally {
                deaf.stop();
                writer.stop();
                server.shutdown();
            }
        }
    }

    private void tell(Grid writer, Outcome written) {
        assertThat(written.applied()).isTrue();
        writer.inbox().tell(written.holders(), Notice.Kind.CHANGED, key, written.version());
    }

    private Outcome join(Grid grid) {
        return grid.sessions().apply(key, new Change.Join(grid.node(), 1, 0, null));
    }

    /** Nothing where the node says that it cannot know. */
    private Optional<Long> versionReadBy(Grid grid) {
        try {
            return Optional.of(join(grid).version());
        } catch (StoreUnavailableException e) {
            return Optional.empty();
        }
    }

    private Change write(Grid grid, long operation, String value) {
        boolean creates = operation == 1;
        return new Change.Delta(
                grid.node(),
                1,
                operation,
                creates,
                TIMES,
                creates ? key.name() : null,
                creates ? Long.valueOf(TestGrids.MAX_INACTIVE_MS) : null,
                Map.of("a", value.getBytes(StandardCharsets.UTF_8)),
                Set.of(),
                Set.of());
    }

    private GridConfig clientOf(TcpRelay relay) {
        return new GridConfig.Client(
                cluster, List.of(relay.address()), Optional.empty(), Optional.empty(), TestGrids.MAP);
    }

    /** A server that tells its clients to find it at the relay. */
    private Config serverBehind(TcpRelay relay, int port) {
        Config config = TestGrids.plainServer(cluster, port);
        config.getNetworkConfig().setPublicAddress(relay.address());
        return config;
    }
}
