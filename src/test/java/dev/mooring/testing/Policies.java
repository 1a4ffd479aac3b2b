package dev.mooring.testing;

import dev.mooring.session.SessionPolicy;
import dev.mooring.session.SessionPolicy.NonSerializable;
import dev.mooring.session.SessionPolicy.OnStoreFailure;
import dev.mooring.websocket.SocketPolicy;
import dev.mooring.websocket.SocketPolicy.CloseOnSessionEnd;
import dev.mooring.websocket.SocketPolicy.KeepAlive;
import java.time.Duration;
import java.util.Optional;

/** The policies of a node that sets no property, as the README has them. */
public final class Policies {

    /** What it does with sessions. */
    public static final SessionPolicy SESSIONS = new SessionPolicy(
            -1,
            false,
            false,
            false,
            false,
            Duration.ofHours(1),
            Optional.empty(),
            10_000,
            8 << 20,
            64L << 20,
            NonSerializable.SPEC,
            OnStoreFailure.REJECT);

    /** What it does with WebSockets. */
    public static final SocketPolicy SOCKETS =
            new SocketPolicy(KeepAlive.MESSAGES, CloseOnSessionEnd.ALL, false, false);

    private Policies() {}
}
