package dev.mooring.grid;

import java.util.Map;
import java.util.TreeMap;

/**
 * The Hazelcast properties that are ours unless the user brings a configuration or an instance. Hazelcast's own defaults wait
 * for a minute and more where a client of ours should have its 503 within five seconds.
 */
final class HazelcastSettings {

    private HazelcastSettings() {}

    /** Returns the properties of an embedded member, by name. */
    static Map<String, String> forMembers() {
        Map<String, String> settings = new TreeMap<>();
        settings.put("hazelcast.logging.type", "slf4j");
        settings.put("hazelcast.phone.home.enabled", "false");
        // Jetty stops first: it stores its sessions while Hazelcast still runs.
        settings.put("hazelcast.shutdownhook.enabled", "false");
        settings.put("hazelcast.graceful.shutdown.max.wait", "20");
        // Listen on the configured address and on no other.
        settings.put("hazelcast.socket.bind.any", "false");
        // A dead member is found in seconds, and no call waits longer than a client would.
        settings.put("hazelcast.operation.call.timeout.millis", String.valueOf(Grid.CALL_TIMEOUT.toMillis()));
        settings.put("hazelcast.heartbeat.interval.seconds", "1");
        settings.put("hazelcast.max.no.heartbeat.seconds", "10");
        // A backup that did not answer is an error, not a success; our changes may be run again, and soon are.
        settings.put("hazelcast.operation.backup.timeout.millis", "1000");
        settings.put("hazelcast.operation.fail.on.indeterminate.state", "true");
        // Nodes that start at the same moment: form the cluster at once, and if there were two of them, merge in
        // seconds.
        settings.put("hazelcast.wait.seconds.before.join", "0");
        settings.put("hazelcast.merge.first.run.delay.seconds", "5");
        settings.put("hazelcast.merge.next.run.delay.seconds", "5");
        return settings;
    }

    /** Returns the properties of a client, by name. */
    static Map<String, String> forClients() {
        Map<String, String> settings = new TreeMap<>();
        settings.put("hazelcast.logging.type", "slf4j");
        settings.put("hazelcast.client.statistics.enabled", "false");
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
}
