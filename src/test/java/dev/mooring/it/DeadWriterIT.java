package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.core.HazelcastInstance;
import dev.mooring.grid.Grid;
import dev.mooring.grid.GridConfig;
import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.nodes.HazelcastServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A writer that dies after its change is in the record and before it has told anybody. */
class DeadWriterIT {
    private static final String ENVIRONMENT = "ee10";

    /** Ten seconds until its row is taken for dead, and some for a busy machine. */
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @Test
    void isReadByAllOnceItIsTakenForDead() throws IOException {
        NodeCluster cluster = LiveWar.onNodes("dead-writer", 1, Mode.CLIENTS);
        try (cluster) {
            LiveWar war = new LiveWar(cluster.node(0), ENVIRONMENT);
            Browser browser = cluster.newBrowser();
            String id = browser.says(war, "open ada");
            try (Socket socket = browser.opens(war, Way.CONFIGURED)) {
                socket.asks("set word old");

                Grid writer =
                        writeAndDie(cluster, new SessionKey(SessionKey.scope("0.0.0.0", "_live-" + ENVIRONMENT), id));
                try {
                    assertThat(socket.asks("get word")).isEqualTo("old");
                    await().atMost(LIMIT)
                            .untilAsserted(
                                    () -> assertThat(socket.asks("get word")).isEqualTo("new"));
                    assertThat(browser.says(war, "get word")).isEqualTo("new");
                } finally {
                    writer.stop();
                }
            }
        }
        cluster.logs()
                .expecting(":dmg\\.Peers:.*(did not answer for|is taken for dead)", "the writer has died")
                .passes(List.of("/live-" + ENVIRONMENT));
    }

    private static Grid writeAndDie(NodeCluster cluster, SessionKey key) throws IOException {
        List<String> addresses =
                cluster.servers().stream().map(HazelcastServer::address).toList();
        Set<HazelcastInstance> others = Set.copyOf(HazelcastClient.getAllHazelcastClients());
        Grid writer = Grid.start(
                new GridConfig.Client(cluster.name(), addresses, Optional.empty(), Optional.empty(), "jetty-sessions"),
                Duration.ofHours(1));
        long load = writer.nextLoad();
        SessionRecord record = writer.sessions()
                .apply(key, new Change.Join(writer.node(), load, 0, null))
                .requireView();
        Outcome outcome = writer.sessions()
                .apply(
                        key,
                        new Change.Delta(
                                writer.node(),
                                load,
                                1,
                                false,
                                record.times(),
                                null,
                                null,
                                Map.of("word", serialised("new")),
                                Set.of(),
                                Set.of()));
        assertThat(outcome.applied()).isTrue();
        // Not Grid.stop(), which would say goodbye.
        HazelcastClient.getAllHazelcastClients().stream()
                .filter(client -> !others.contains(client))
                .forEach(client -> client.getLifecycleService().terminate());
        return writer;
    }

    private static byte[] serialised(Object value) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(value);
        }
        return bytes.toByteArray();
    }
}
