package dev.mooring;

import dev.mooring.session.SessionPolicy.OnStoreFailure;
import dev.mooring.session.SessionRequestHandler;
import dev.mooring.websocket.MooredMappings;
import dev.mooring.websocket.Moorings;
import dev.mooring.websocket.UpgradeGate;
import dev.mooring.websocket.UpgradeHandler;
import java.util.EventListener;
import java.util.Optional;
import org.eclipse.jetty.deploy.Deployer;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.session.SessionManager;
import org.eclipse.jetty.util.component.Container;
import org.eclipse.jetty.util.component.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts our handlers into every web application of the server while it is still stopped. Jetty announces a context that
 * is deployed at the start, or embedded, as a bean before it starts. One that is deployed into a running server becomes
 * a bean only after it has started, but the deployer announces it before. A context that both announce gets its
 * handlers once.
 */
final class HandlerInsertion implements Container.InheritedListener {

    private static final Logger LOG = LoggerFactory.getLogger(HandlerInsertion.class);

    private final Moorings moorings;
    private final OnStoreFailure onStoreFailure;

    HandlerInsertion(Moorings moorings, OnStoreFailure onStoreFailure) {
        this.moorings = moorings;
        this.onStoreFailure = onStoreFailure;
    }

    @Override
    public void beanAdded(Container parent, Object bean) {
        if (bean instanceof ContextHandler context) {
            moor(context);
        } else if (bean instanceof Container container && isDeployer(bean)) {
            container.addEventListener(DeployerWatch.over(this));
        }
    }

    @Override
    public void beanRemoved(Container parent, Object bean) {}

    // Jetty's deployer is no part of every server, so its classes are touched only where there is one.
    private static boolean isDeployer(Object bean) {
        for (Class<?> type = bean.getClass(); type != null; type = type.getSuperclass()) {
            for (Class<?> side : type.getInterfaces()) {
                if (side.getName().equals("org.eclipse.jetty.deploy.Deployer")) {
                    return true;
                }
            }
        }
        return false;
    }

    void moor(ContextHandler context) {
        if (!context.isStopped() || context.getDescendant(UpgradeHandler.class) != null) {
            return;
        }
        for (Handler handler : context.getDescendants()) {
            if (handler instanceof SessionManager manager && handler instanceof Handler.Singleton place) {
                moor(context, manager, place);
                return;
            }
        }
        LOG.debug("Context {}: has no sessions", context);
    }

    private void moor(ContextHandler context, SessionManager manager, Handler.Singleton place) {
        UpgradeHandler upgrades = new UpgradeHandler(context, manager, moorings);
        SessionRequestHandler requests = new SessionRequestHandler(manager, onStoreFailure);
        upgrades.setHandler(requests);
        place.insertHandler(upgrades);
        security(context).orElse(requests).insertHandler(new UpgradeGate(manager, moorings.policy()));
        context.addEventListener(SessionRequestHandler.scopeListener());
        MooredMappings.install(context);
        context.addEventListener(new LifeCycle.Listener() {
            @Override
            public void lifeCycleStarting(LifeCycle event) {
                upgrades.applicationStarts();
            }

            @Override
            public void lifeCycleStopping(LifeCycle event) {
                upgrades.applicationStops();
            }
        });
        LOG.debug("Context {}: moored", context);
    }

    private static Optional<Handler.Singleton> security(ContextHandler context) {
        return context.getDescendants().stream()
                .filter(handler -> isSecurity(handler.getClass()))
                .map(Handler.Singleton.class::cast)
                .findFirst();
    }

    // Jetty's security is no part of every server either.
    private static boolean isSecurity(@Nullable Class<?> type) {
        return type != null
                && (type.getName().equals("org.eclipse.jetty.security.SecurityHandler")
                        || isSecurity(type.getSuperclass()));
    }

    /** Kept apart, for servers without Jetty's deployer. */
    private static final class DeployerWatch {
        static EventListener over(HandlerInsertion insertion) {
            return new Deployer.Listener() {
                @Override
                public void onCreated(ContextHandler context) {
                    insertion.moor(context);
                }
            };
        }
    }
}
