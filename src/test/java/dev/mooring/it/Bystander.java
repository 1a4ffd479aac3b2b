package dev.mooring.it;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.core.EntryView;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.topic.ITopic;
import dev.mooring.model.SessionRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/** Looks at what the nodes have left in their cluster, as somebody else's client. Not thread-safe. */
final class Bystander implements AutoCloseable {
    private static final String MAP = "jetty-sessions";

    private final HazelcastInstance client;

    private Bystander(HazelcastInstance client) {
        this.client = client;
    }

    /** Joins the cluster. Blocks. */
    static Bystander of(NodeCluster cluster) {
        var config = new ClientConfig();
        config.setClusterName(cluster.name());
        config.getNetworkConfig().setAddresses(cluster.addresses());
        config.getNetworkConfig().getAutoDetectionConfig().setEnabled(false);
        config.setProperty("hazelcast.logging.type", "slf4j");
        return new Bystander(HazelcastClient.newHazelcastClient(config));
    }

    /** The nodes that say that they live. */
    int rows() {
        return client.getMap(MAP + "-nodes").size();
    }

    /** The ids that sessions have taken later in their lives. */
    int aliases() {
        return client.getMap(MAP + "-ids").size();
    }

    /** The record of the session whose first id this is. */
    Optional<SessionRecord> record(String id) {
        IMap<String, SessionRecord> records = client.getMap(MAP);
        return records.keySet().stream()
                .filter(key -> key.endsWith("/" + id))
                .map(records::get)
                .findAny();
    }

    /** Puts something in the place of the record of the session whose first id this is that is no record. */
    void damage(String id) {
        IMap<String, Object> records = client.getMap(MAP);
        String path = records.keySet().stream()
                .filter(key -> key.endsWith("/" + id))
                .findAny()
                .orElseThrow();
        records.set(path, "damaged");
    }

    /** Keeps a piece of something else on the servers, as large as a big session. What they say to it is no matter. */
    void fill() {
        IMap<UUID, byte[]> ballast = client.getMap("ballast");
        try {
            ballast.setAsync(UUID.randomUUID(), new byte[1 << 20])
                    .toCompletableFuture()
                    .get(1, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException | HazelcastException | IllegalStateException e) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** How many records there are. */
    int records() {
        return client.getMap(MAP).size();
    }

    /** The names of all topics. */
    List<String> topics() {
        return client.getDistributedObjects().stream()
                .filter(ITopic.class::isInstance)
                .map(object -> object.getName())
                .toList();
    }

    /** How long the cluster keeps the record of a session whose first id this is; empty for ever, or without one. */
    Optional<Duration> timeToLive(String id) {
        IMap<String, Object> records = client.getMap(MAP);
        return records.keySet().stream()
                .filter(key -> key.endsWith("/" + id))
                .map(records::getEntryView)
                .map(EntryView::getTtl)
                .filter(millis -> millis != Long.MAX_VALUE)
                .map(Duration::ofMillis)
                .findAny();
    }

    @Override
    public void close() {
        client.shutdown();
    }
}
