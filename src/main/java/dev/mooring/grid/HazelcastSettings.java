package dev.mooring.grid;

import com.hazelcast.core.HazelcastException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The Hazelcast properties that are ours, where the user's configuration says nothing else. Hazelcast's own defaults
 * wait for a minute and more where a client of ours should have its 503 within five seconds.
 */
final class HazelcastSettings {

    private HazelcastSettings() {}

    /** Returns the properties of an embedded member, by name. */
    static Map<String, String> forMembers() {
        Map<String, String> settings = new TreeMap<>();
        settings.put("hazelcast.logging.type", "slf4j");
        settings.put("hazelcast.phone.home.enabled", "false");
        // Listen on the configured address and on no other.
        settings.put("hazelcast.socket.bind.any", "false");
        settings.putAll(promptMembers());
        return settings;
    }

    /** Returns the properties of a client, by name. */
    static Map<String, String> forClients() {
        Map<String, String> settings = new TreeMap<>();
        settings.put("hazelcast.logging.type", "slf4j");
        settings.put("hazelcast.client.statistics.enabled", "false");
        settings.putAll(promptClients());
        return settings;
    }

    /** Of those, the ones that a member's promises on time rest on. */
    static Map<String, String> promptMembers() {
        Map<String, String> settings = new TreeMap<>();
        // Jetty stops first: it stores its sessions while Hazelcast still runs.
        settings.put("hazelcast.shutdownhook.enabled", "false");
        settings.put("hazelcast.graceful.shutdown.max.wait", "20");
        // A dead member is found in seconds, and no call waits longer than a client would.
        settings.put("hazelcast.operation.call.timeout.millis", String.valueOf(Grid.CALL_TIMEOUT.toMillis()));
        settings.put("hazelcast.heartbeat.interval.seconds", "1");
        settings.put("hazelcast.max.no.heartbeat.seconds", "10");
        // A backup that did not answer is an error, not a success; our changes may be run again, and soon are. That is
        // said of our maps alone, see MemberLink: said of all that Hazelcast does, the merge of a split cluster would
        // end at the first backup that is late, and what is not yet merged then would be lost.
        settings.put("hazelcast.operation.backup.timeout.millis", "1000");
        settings.put("hazelcast.operation.fail.on.indeterminate.state", "false");
        // A partition on the move answers no read on its old member, where what was written on the new one is not.
        settings.put("hazelcast.partition.migration.stale.read.disabled", "true");
        // Two clusters that should be one merge in seconds.
        settings.put("hazelcast.merge.first.run.delay.seconds", "5");
        settings.put("hazelcast.merge.next.run.delay.seconds", "5");
        return settings;
    }

    /** Of those, the ones that a client's promises on time rest on. */
    static Map<String, String> promptClients() {
        Map<String, String> settings = new TreeMap<>();
        // A silent server is found in seconds, and no call is made again for longer than anybody waits for it.
        settings.put("hazelcast.client.heartbeat.interval", "1000");
        settings.put("hazelcast.client.heartbeat.timeout", "5000");
        settings.put("hazelcast.client.invocation.timeout.seconds", String.valueOf(Grid.CALL_TIMEOUT.toSeconds()));
        settings.put("hazelcast.client.invocation.retry.pause.millis", "200");
        // A backup that did not answer is an error, not a success; our changes may be run again.
        settings.put("hazelcast.client.operation.fail.on.indeterminate.state", "true");
        settings.put("hazelcast.client.operation.backup.timeout.millis", "2000");
        return settings;
    }

    /** Sets what a configuration that somebody has written is silent on. */
    static void complete(
            Map<String, String> settings, Function<String, @Nullable String> read, BiConsumer<String, String> write) {
        settings.forEach((name, value) -> {
            if (read.apply(name) == null) {
                write.accept(name, value);
            }
        });
    }

    /** Names what is set otherwise than here, as {@code name=value (ours)}; empty if there is nothing. */
    static String differences(Map<String, String> settings, Function<String, @Nullable String> read) {
        return settings.entrySet().stream()
                .filter(ours -> !ours.getValue().equals(read.apply(ours.getKey())))
                .map(ours -> {
                    String theirs = read.apply(ours.getKey());
                    return ours.getKey() + (theirs == null ? "" : "=" + theirs) + " (here " + ours.getValue() + ")";
                })
                .collect(Collectors.joining(", "));
    }

    /** Reads a configuration. */
    interface Loader<T> {
        T load(File file) throws IOException;
    }

    /**
     * Loads a file that a person has written.
     *
     * @throws IllegalArgumentException if it cannot be read, or is no such configuration
     */
    static <T> T load(Path file, Loader<T> loader) {
        try {
            return loader.load(file.toFile());
        } catch (IOException | HazelcastException | IllegalArgumentException e) {
            throw new IllegalArgumentException("Hazelcast configuration " + file + ": " + e.getMessage(), e);
        }
    }

    /** Tells whether a file is one of YAML, by its name; otherwise it is one of XML. */
    static boolean isYaml(File file) {
        return file.getName().endsWith(".yaml") || file.getName().endsWith(".yml");
    }
}
