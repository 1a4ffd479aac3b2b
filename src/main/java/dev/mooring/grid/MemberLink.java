package dev.mooring.grid;

import com.hazelcast.config.Config;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;

/** A node that is a member of the cluster and carries its part of the sessions. */
final class MemberLink implements Link {

    /** How long a node looks for a master before it claims to be one: all this time passes when nodes start together. */
    private static final int JOIN_SECONDS = 2;

    private final GridConfig.Member config;
    private final HazelcastInstance hazelcast;

    private MemberLink(GridConfig.Member config, HazelcastInstance hazelcast) {
        this.config = config;
        this.hazelcast = hazelcast;
    }

    static MemberLink open(GridConfig.Member config) {
        return new MemberLink(config, Hazelcast.newHazelcastInstance(hazelcastConfig(config)));
    }

    @Override
    public HazelcastInstance hazelcast() {
        return hazelcast;
    }

    @Override
    public long clusterTime() {
        return hazelcast.getCluster().getClusterTime();
    }

    @Override
    public SessionMap openSessions(Duration slack, ScheduledExecutorService scheduler) {
        return new MemberSessionMap(hazelcast, config, slack);
    }

    @Override
    public void stop() {
        hazelcast.shutdown();
    }

    private static Config hazelcastConfig(GridConfig.Member member) {
        Config config = new Config();
        config.setClusterName(member.clusterName());
        config.setClassLoader(Grid.class.getClassLoader());
        config.getJetConfig().setEnabled(false);
        HazelcastSettings.forMembers().forEach(config::setProperty);
        NetworkConfig network = config.getNetworkConfig();
        network.setPort(member.port()).setPortAutoIncrement(true);
        network.getInterfaces().setEnabled(true).addInterface(member.bindAddress());
        JoinConfig join = network.getJoin();
        join.getAutoDetectionConfig().setEnabled(false);
        join.getMulticastConfig().setEnabled(false);
        List<String> members = member.members().isEmpty() ? List.of(member.bindAddress()) : member.members();
        join.getTcpIpConfig().setEnabled(true).setMembers(members).setConnectionTimeoutSeconds(JOIN_SECONDS);
        config.addMapConfig(new MapConfig(member.mapName())
                .setInMemoryFormat(InMemoryFormat.OBJECT)
                .setBackupCount(member.backupCount()));
        config.addMapConfig(new MapConfig(Grid.aliasMap(member)).setBackupCount(member.backupCount()));
        config.addMapConfig(new MapConfig(Grid.nodeMap(member)).setBackupCount(member.backupCount()));
        return config;
    }
}
