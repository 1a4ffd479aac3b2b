package dev.mooring.nodes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * One plain Hazelcast server, as anybody may have it: a process with {@code hazelcast.jar} of some version on its class
 * path and nothing else, on the loopback address. Thread-safe. The process ends with this JVM.
 */
public final class HazelcastServer implements AutoCloseable {

    /** What a Hazelcast member of any version prints when it is up. */
    private static final String STARTED = "is STARTED";

    private final int port;
    private final NodeProcess process;

    private HazelcastServer(int port, NodeProcess process) {
        this.port = port;
        this.process = process;
    }

    /**
     * Starts a server and returns at once.
     *
     * @param version the version of Hazelcast; {@code hazelcast-<version>.jar} is in the directory that the system
     *     property {@code mooring.hazelcasts} names
     * @param clusterName the name of its cluster
     * @param port the port it listens on
     * @param ports those of all servers of the cluster
     * @throws UncheckedIOException if its files cannot be written, or the process cannot be started
     */
    public static HazelcastServer launch(String version, String clusterName, int port, List<Integer> ports) {
        Path directory = Path.of(System.getProperty("mooring.work"), "hazelcast-" + port)
                .toAbsolutePath()
                .normalize();
        Path jar = Path.of(System.getProperty("mooring.hazelcasts"), "hazelcast-" + version + ".jar")
                .toAbsolutePath()
                .normalize();
        Path configuration = directory.resolve("hazelcast.yaml");
        try {
            Files.createDirectories(directory);
            Files.writeString(configuration, configuration(clusterName, port, ports));
        } catch (IOException failure) {
            throw new UncheckedIOException("server " + directory + ": cannot be laid out", failure);
        }
        var command = List.of(
                NodeProcess.javaCommand(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Djava.net.preferIPv4Stack=true",
                "-Dhazelcast.config=" + configuration,
                "-cp",
                jar.toString(),
                "com.hazelcast.core.server.HazelcastMemberStarter");
        return new HazelcastServer(
                port, NodeProcess.launch("hazelcast-" + port, command, directory, directory.resolve("server.log")));
    }

    /**
     * Waits until the server is up.
     *
     * @return this server
     * @throws IllegalStateException if it ends, or is not up within {@code limit}; the message carries the log's tail
     */
    public HazelcastServer awaitStarted(Duration limit) {
        process.awaitLog(line -> line.contains(STARTED), "started", limit);
        return this;
    }

    /**
     * Waits until the server has seen a cluster of so many.
     *
     * @throws IllegalStateException if it ends, or sees none within {@code limit}
     */
    public void awaitMembers(int members, Duration limit) {
        process.awaitLog(line -> line.contains("Members {size:" + members), "in a cluster of " + members, limit);
    }

    /** The port that it listens on. */
    public int port() {
        return port;
    }

    /** Where clients find it. */
    public String address() {
        return "127.0.0.1:" + port;
    }

    /** All lines so far. A copy. */
    public List<String> log() {
        return process.log();
    }

    /** Whether the process runs; a suspended one does. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** Kills the process with SIGKILL, as a crash would, and waits for its end. */
    public void kill() {
        process.kill();
    }

    /** Suspends all threads of the process with SIGSTOP. */
    public void suspend() {
        process.signal("STOP");
    }

    /** Ends what {@link #suspend} began. */
    public void resume() {
        process.signal("CONT");
    }

    /** Stops it with SIGTERM, and kills it when it does not stop within 40 s. */
    @Override
    public void close() {
        process.stop();
    }

    /** The server's process and port. */
    @Override
    public String toString() {
        return "Hazelcast server (pid " + process.pid() + ", port " + port + ")";
    }

    private static String configuration(String clusterName, int port, List<Integer> ports) {
        String members =
                ports.stream().map(other -> "\"127.0.0.1:" + other + "\"").collect(Collectors.joining(", "));
        return String.format(Locale.ROOT, """
                hazelcast:
                  cluster-name: %s
                  properties:
                    hazelcast.phone.home.enabled: false
                    hazelcast.socket.bind.any: false
                  network:
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
                        member-list: [%s]
                """, clusterName, port, members);
    }
}
