package dev.mooring.grid;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.nodes.Ports;
import dev.mooring.testing.Clean;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A process that hangs: its kernel takes connections, and nothing is ever said on them. */
@ExtendWith(Clean.class)
class SilentPeerIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final String cluster = "test-" + UUID.randomUUID();

    @TempDir
    private Path directory;

    /** All that a member sends goes through one thread here, so that whoever occupies that silences the member. */
    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void doesNotKeepAMemberFromTalkingToOthers() throws IOException {
        int silent = Ports.free();
        int first = Ports.free();
        Grid one = Grid.start(member(first, silent), TestGrids.GRACE);
        try (ServerSocket peer = new ServerSocket(silent, 10, InetAddress.getLoopbackAddress())) {
            peer.setSoTimeout((int) LIMIT.toMillis());
            try (Socket met = peer.accept()) {
                // The protocol of members. Its packets wait for an answer now.
                assertThat(met.getInputStream().readNBytes(3))
                        .asString(StandardCharsets.US_ASCII)
                        .isEqualTo("HZC");

                Grid two = Grid.start(member(Ports.free(), first), TestGrids.GRACE);
                try {
                    await().atMost(LIMIT)
                            .untilAsserted(() -> assertThat(List.of(
                                            one.peers().nodes(), two.peers().nodes()))
                                    .containsOnly(2));
                } finally {
                    two.stop();
                }
            }
        } finally {
            one.stop();
        }
    }

    private GridConfig member(int port, int other) throws IOException {
        Path configuration = Files.writeString(
                directory.resolve(port + ".yaml"), String.format(Locale.ROOT, """
                        hazelcast:
                          properties:
                            hazelcast.io.output.thread.count: 1
                          network:
                            port:
                              port: %d
                              auto-increment: false
                            join:
                              auto-detection:
                                enabled: false
                              tcp-ip:
                                enabled: true
                                member-list: [127.0.0.1:%d, 127.0.0.1:%d]
                            interfaces:
                              enabled: true
                              interfaces: [127.0.0.1]
                        """, port, port, other));
        return new GridConfig.Member(
                cluster, "127.0.0.1", port, List.of(), Optional.of(configuration), Optional.empty(), TestGrids.MAP, 1);
    }
}
