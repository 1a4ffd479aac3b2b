package dev.mooring.grid;

import static com.hazelcast.internal.networking.ChannelOption.DIRECT_BUF;
import static com.hazelcast.internal.networking.ChannelOption.SO_KEEPALIVE;
import static com.hazelcast.internal.networking.ChannelOption.SO_LINGER;
import static com.hazelcast.internal.networking.ChannelOption.SO_RCVBUF;
import static com.hazelcast.internal.networking.ChannelOption.SO_SNDBUF;
import static com.hazelcast.internal.networking.ChannelOption.TCP_KEEPCOUNT;
import static com.hazelcast.internal.networking.ChannelOption.TCP_KEEPIDLE;
import static com.hazelcast.internal.networking.ChannelOption.TCP_KEEPINTERVAL;
import static com.hazelcast.internal.networking.ChannelOption.TCP_NODELAY;
import static com.hazelcast.internal.server.ServerContext.KILO_BYTE;

import com.hazelcast.instance.BuildInfoProvider;
import com.hazelcast.instance.EndpointQualifier;
import com.hazelcast.instance.impl.DefaultNodeContext;
import com.hazelcast.instance.impl.DefaultNodeExtension;
import com.hazelcast.instance.impl.Node;
import com.hazelcast.instance.impl.NodeExtension;
import com.hazelcast.internal.networking.Channel;
import com.hazelcast.internal.networking.ChannelInitializer;
import com.hazelcast.internal.networking.HandlerStatus;
import com.hazelcast.internal.server.ServerContext;
import com.hazelcast.internal.server.tcp.UnifiedChannelInitializer;
import com.hazelcast.internal.server.tcp.UnifiedProtocolDecoder;
import com.hazelcast.internal.server.tcp.UnifiedProtocolEncoder;
import com.hazelcast.spi.properties.ClusterProperty;
import com.hazelcast.spi.properties.HazelcastProperties;
import java.util.function.Function;

/**
 * What a member's Hazelcast is made of: Hazelcast's defaults, and one fault of them mended.
 *
 * <p>A member that connects to another sends its first packet before it knows the other's protocol. Until that has
 * come, Hazelcast 5.7 calls the connection's encoder again and again, since the packet waits and the encoder says that
 * it is done; the thread does nothing else, and does not send what other connections that are its own have to send.
 * Where the other's process hangs, and only its kernel accepts connections, that lasts until it wakes: a living member
 * that shares the thread hears nothing, not even heartbeats, and may take this one for dead as well. Here the encoder
 * says that it is blocked, as Hazelcast's own does where members have a port of their own ({@code advanced-network}).
 */
final class MemberContext extends DefaultNodeContext {

    /** Hazelcast Enterprise has channels of its own, and gets them. */
    @Override
    public NodeExtension createNodeExtension(Node node) {
        return BuildInfoProvider.getBuildInfo().isEnterprise()
                ? super.createNodeExtension(node)
                : new DefaultNodeExtension(node) {
                    @Override
                    public Function<EndpointQualifier, ChannelInitializer> createChannelInitializerFn(
                            ServerContext context) {
                        return super.createChannelInitializerFn(context)
                                .andThen(theirs -> theirs instanceof UnifiedChannelInitializer
                                        ? channel -> initialise(channel, context)
                                        : theirs);
                    }
                };
    }

    private static void initialise(Channel channel, ServerContext context) {
        HazelcastProperties properties = context.properties();
        channel.options()
                .setOption(DIRECT_BUF, properties.getBoolean(ClusterProperty.SOCKET_BUFFER_DIRECT))
                .setOption(TCP_NODELAY, properties.getBoolean(ClusterProperty.SOCKET_NO_DELAY))
                .setOption(SO_KEEPALIVE, properties.getBoolean(ClusterProperty.SOCKET_KEEP_ALIVE))
                .setOption(TCP_KEEPIDLE, properties.getInteger(ClusterProperty.SOCKET_KEEP_IDLE))
                .setOption(TCP_KEEPCOUNT, properties.getInteger(ClusterProperty.SOCKET_KEEP_COUNT))
                .setOption(TCP_KEEPINTERVAL, properties.getInteger(ClusterProperty.SOCKET_KEEP_INTERVAL))
                .setOption(SO_LINGER, properties.getSeconds(ClusterProperty.SOCKET_LINGER_SECONDS))
                .setOption(SO_RCVBUF, KILO_BYTE * properties.getInteger(ClusterProperty.SOCKET_RECEIVE_BUFFER_SIZE))
                .setOption(SO_SNDBUF, KILO_BYTE * properties.getInteger(ClusterProperty.SOCKET_SEND_BUFFER_SIZE));
        var encoder = new BlockingEncoder(context);
        channel.outboundPipeline().addLast(encoder);
        channel.inboundPipeline().addLast(new UnifiedProtocolDecoder(context, encoder));
    }

    /** Replaced by the protocol's own encoder as soon as the other's first bytes are there. */
    private static final class BlockingEncoder extends UnifiedProtocolEncoder {
        private volatile boolean known;

        BlockingEncoder(ServerContext context) {
            super(context);
        }

        @Override
        public HandlerStatus onWrite() {
            HandlerStatus status = super.onWrite();
            // Whoever learns the protocol meanwhile wakes the pipeline after it has said so.
            return status == HandlerStatus.CLEAN && !known ? HandlerStatus.BLOCKED : status;
        }

        @Override
        public void signalEncoderCanReplace() {
            known = true;
            super.signalEncoderCanReplace();
        }
    }
}
