package dev.mooring.grid;

import com.hazelcast.cluster.Cluster;
import com.hazelcast.config.Config;
import com.hazelcast.config.EvictionPolicy;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MergePolicyConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.instance.impl.HazelcastInstanceFactory;
import com.hazelcast.map.IMap;
import com.hazelcast.map.impl.proxy.MapProxyImpl;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node that is a member of the cluster and carries its part of the sessions. */
final class MemberLink implements Link {

    private static final Logger LOG = LoggerFactory.getLogger(MemberLink.class);

    /**
     * How long a node looks for a master before it claims to be one: all this time passes when nodes start together.
     */
    private static final int JOIN_SECONDS = 2;

    private static final int MERGE_BATCH = 100;

    private final GridConfig.Member config;
    private final HazelcastInstance hazelcast;
    private final Cluster cluster;
    private final String clusterName;

    /** Whether this node started the instance, and so stops it. */
    private final boolean own;

    private final Pulse pulse;

    private MemberLink(GridConfig.Member config, HazelcastInstance hazelcast, boolean own) {
        this.config = config;
        this.hazelcast = hazelcast;
        this.own = own;
        // Not to be asked of an instance that has ended, perhaps by somebody else's hand.
        this.cluster = hazelcast.getCluster();
        this.clusterName = hazelcast.getConfig().getClusterName();
        this.pulse = Pulse.start(hazelcast);
    }

    static MemberLink open(GridConfig.Member config) {
        HazelcastInstance running =
                config.instanceName().map(Hazelcast::getHazelcastInstanceByName).orElse(null);
        if (running != null) {
            addMaps(config, running.getConfig());
            warnOfDifferences("instance " + running.getName(), config, running.getConfig());
            return new MemberLink(config, running, false);
        }
        Config hazelcast = config.configuration()
                .map(file -> HazelcastSettings.load(file, Config::loadFromFile))
                .orElseGet(() -> onNetwork(config));
        if (!config.clusterName().isEmpty()) {
            hazelcast.setClusterName(config.clusterName());
        }
        config.instanceName().ifPresent(hazelcast::setInstanceName);
        if (hazelcast.getClassLoader() == null) {
            hazelcast.setClassLoader(Grid.class.getClassLoader());
        }
        HazelcastSettings.complete(HazelcastSettings.forMembers(), hazelcast::getProperty, hazelcast::setProperty);
        addMaps(config, hazelcast);
        config.configuration().ifPresent(file -> warnOfDifferences("configuration " + file, config, hazelcast));
        return new MemberLink(
                config,
                HazelcastInstanceFactory.newHazelcastInstance(
                        hazelcast, hazelcast.getInstanceName(), new MemberContext()),
                true);
    }

    @Override
    public HazelcastInstance hazelcast() {
        return hazelcast;
    }

    @Override
    public String clusterName() {
        return clusterName;
    }

    @Override
    public long clusterTime() {
        return cluster.getClusterTime();
    }

    /** Hazelcast has this for a single map in its own class only, which is that of every member's maps. */
    @Override
    public <V> IMap<String, V> map(String name) {
        MapProxyImpl<String, V> map = (MapProxyImpl<String, V>) hazelcast.<String, V>getMap(name);
        map.setFailOnIndeterminateOperationState(true);
        return map;
    }

    @Override
    public SessionMap openSessions(StoreCalls calls, Duration slack, ScheduledExecutorService scheduler) {
        return new MemberSessionMap(map(config.mapName()), calls, slack);
    }

    @Override
    public void onMerge(Runnable listener) {
        pulse.onMerge(listener);
    }

    @Override
    public void check() {
        pulse.check();
    }

    @Override
    public void stop() {
        pulse.stop();
        if (own) {
            hazelcast.shutdown();
        }
    }

    private static Config onNetwork(GridConfig.Member member) {
        Config config = new Config();
        config.getJetConfig().setEnabled(false);
        // Form the cluster at once; two nodes that do so at the same moment merge in seconds.
        config.setProperty("hazelcast.wait.seconds.before.join", "0");
        NetworkConfig network = config.getNetworkConfig();
        network.setPort(member.port()).setPortAutoIncrement(true);
        network.getInterfaces().setEnabled(true).addInterface(member.bindAddress());
        JoinConfig join = network.getJoin();
        join.getAutoDetectionConfig().setEnabled(false);
        join.getMulticastConfig().setEnabled(false);
        List<String> members = member.members().isEmpty() ? List.of(member.bindAddress()) : member.members();
        join.getTcpIpConfig().setEnabled(true).setMembers(members).setConnectionTimeoutSeconds(JOIN_SECONDS);
        return config;
    }

    /**
     * Configures our maps, each where nobody else has. The whole cluster learns of those that a running instance gets.
     */
    private static void addMaps(GridConfig.Member member, Config config) {
        for (String name : List.of(member.mapName(), Grid.aliasMap(member), Grid.nodeMap(member))) {
            if (config.getMapConfigOrNull(name) == null) {
                MapConfig map = new MapConfig(name).setBackupCount(member.backupCount());
                if (name.equals(member.mapName())) {
                    map.setInMemoryFormat(InMemoryFormat.OBJECT)
                            .setMergePolicyConfig(new MergePolicyConfig(MergeRecords.class.getName(), MERGE_BATCH));
                }
                config.addMapConfig(map);
            }
        }
    }

    private static void warnOfDifferences(String origin, GridConfig.Member member, Config config) {
        List<String> differences = new ArrayList<>();
        String properties = HazelcastSettings.differences(HazelcastSettings.promptMembers(), config::getProperty);
        if (!properties.isEmpty()) {
            differences.add(properties);
        }
        MapConfig map = config.findMapConfig(member.mapName());
        if (map.getInMemoryFormat() != InMemoryFormat.OBJECT) {
            differences.add(
                    "map " + map.getName() + ": in-memory-format " + map.getInMemoryFormat() + " (here OBJECT)");
        }
        if (!map.getMergePolicyConfig().getPolicy().equals(MergeRecords.class.getName())) {
            differences.add("map " + map.getName() + ": merge-policy "
                    + map.getMergePolicyConfig().getPolicy() + " (here " + MergeRecords.class.getName() + ")");
        }
        if (map.getEvictionConfig().getEvictionPolicy() != EvictionPolicy.NONE || map.getMaxIdleSeconds() > 0) {
            differences.add("map " + map.getName() + ": sessions may be evicted while they live");
        }
        if (!differences.isEmpty()) {
            LOG.warn(
                    "Hazelcast {} is not as Mooring would have it; failures may last longer, and writes be slower: {}",
                    origin,
                    String.join(", ", differences));
        }
    }
}
