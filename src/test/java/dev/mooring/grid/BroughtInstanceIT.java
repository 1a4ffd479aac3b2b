package dev.mooring.grid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.config.Config;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.mooring.model.Change;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Times;
import dev.mooring.nodes.Ports;
import dev.mooring.testing.Clean;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that use what others have started in this JVM, or what they have written. */
@ExtendWith(Clean.class)
class BroughtInstanceIT {

    private final String cluster = "test-" + UUID.randomUUID();
    private final String name = "instance-" + UUID.randomUUID();
    private final int port = Ports.free();
    private HazelcastInstance server;

    @TempDir
    private Path directory;

    @BeforeEach
    void startServer() {
        Config config = TestGrids.plainServer(cluster, port).setInstanceName(name);
        config.setClassLoader(Grid.class.getClassLoader());
        server = Hazelcast.newHazelcastInstance(config);
    }

    @AfterEach
    void stopServer() {
        server.shutdown();
    }

    @Test
    void aRunningMemberIsUsedAndStays() {
        SessionKey key = writeAndRead(new GridConfig.Member(
                "other", "127.0.0.1", port, List.of(), Optional.empty(), Optional.of(name), "shared", 0));

        assertThat(server.getLifecycleService().isRunning()).isTrue();
        assertThat(server.getConfig().findMapConfig("shared").getInMemoryFormat())
                .isEqualTo(InMemoryFormat.OBJECT);
        assertThat(server.<String, SessionRecord>getMap("shared")
                        .get(key.path())
                        .version())
                .isEqualTo(2);
        assertThat(server.getMap("shared-nodes").isEmpty()).isTrue();
    }

    @Test
    void aRunningClientIsUsedAndStays() {
        ClientConfig config = new ClientConfig().setClusterName(cluster).setInstanceName(name + "-client");
        config.getNetworkConfig().addAddress("127.0.0.1:" + port);
        HazelcastInstance client = HazelcastClient.newHazelcastClient(config);
        try {
            writeAndRead(new GridConfig.Client(
                    cluster, List.of(), Optional.empty(), Optional.of(name + "-client"), "shared"));

            assertThat(client.getLifecycleService().isRunning()).isTrue();
            assertThat(client.getMap("shared-nodes").isEmpty()).isTrue();
        } finally {
            client.shutdown();
        }
    }

    @Test
    void aClientIsConfiguredByAFile() throws IOException {
        Path file = directory.resolve("client.xml");
        Files.writeString(file, """
                <hazelcast-client xmlns="http://www.hazelcast.com/schema/client-config">
                  <cluster-name>CLUSTER</cluster-name>
                  <network><cluster-members><address>127.0.0.1:PORT</address></cluster-members></network>
                </hazelcast-client>
                """.replace("CLUSTER", cluster).replace("PORT", String.valueOf(port)));

        writeAndRead(new GridConfig.Client("", List.of(), Optional.of(file), Optional.empty(), "shared"));
    }

    @Test
    void aFileThatIsNoConfigurationIsNamed() throws IOException {
        Path file = directory.resolve("broken.yaml");
        Files.writeString(file, "hazelcast:\n  netwrok: {}\n");

        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> Grid.start(
                        new GridConfig.Member(
                                "", "127.0.0.1", port, List.of(), Optional.of(file), Optional.empty(), "shared", 0),
                        TestGrids.GRACE))
                .withMessageContaining("broken.yaml")
                .withMessageContaining("netwrok");
    }

    private SessionKey writeAndRead(GridConfig config) {
        Grid grid = Grid.start(config, TestGrids.GRACE);
        try {
            SessionKey key = TestGrids.newKey();
            assertThat(grid.sessions().apply(key, write(grid, key, 1)).applied())
                    .isTrue();
            assertThat(grid.sessions().apply(key, write(grid, key, 2)).applied())
                    .isTrue();
            assertThat(grid.sessions()
                            .apply(key, new Change.Join(grid.node(), 1, 0, null))
                            .requireView()
                            .attributes())
                    .containsOnlyKeys("a");
            return key;
        } finally {
            grid.stop();
        }
    }

    private static Change write(Grid grid, SessionKey key, long operation) {
        return new Change.Delta(
                grid.node(),
                1,
                operation,
                operation == 1,
                new Times(1, 1, 1, 1, 0),
                operation == 1 ? key.name() : null,
                operation == 1 ? Long.valueOf(TestGrids.MAX_INACTIVE_MS) : null,
                Map.of("a", "b".getBytes(StandardCharsets.UTF_8)),
                Set.of(),
                Set.of());
    }
}
