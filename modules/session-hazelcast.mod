[description]
Live, clustered HTTP sessions for requests and WebSockets, in a Hazelcast cluster whose members are the Jetty nodes
themselves.

[tags]
session
websocket

[provides]
session-store
session-cache

[depend]
sessions
websocket-core-server

[before]
deployment-scanner

[lib]
lib/mooring/*.jar

[xml]
etc/mooring/mooring.xml

[ini-template]
## The name of the cluster: nodes with the same name form one.
#jetty.session.hazelcast.clusterName=jetty-sessions

## The one address that this node's member listens on: nothing listens beyond loopback until you say so.
#jetty.session.hazelcast.bindAddress=127.0.0.1

## The first port that the member tries; when it is taken, the ones after it.
#jetty.session.hazelcast.port=5701

## Members to join, host[:port] separated by commas; empty: those on the bind address.
#jetty.session.hazelcast.members=

## A Hazelcast XML or YAML file, taken instead of the network settings above; relative to the base.
#jetty.session.hazelcast.configurationLocation=

## The name of a Hazelcast instance: one that already runs in this JVM is used as it is; else the new one is called so.
#jetty.session.hazelcast.hazelcastInstanceName=

## The name of the map that holds the sessions.
#jetty.session.hazelcast.mapName=jetty-sessions

## Synchronous backups of every session, 0 to 6.
#jetty.session.hazelcast.backupCount=1

## When an unused session leaves this node's memory: -1 never, 0 soon after its last request, else after so many idle seconds.
#jetty.session.evictionPolicy=-1

## Whether a new session is stored as soon as it is made.
#jetty.session.saveOnCreate=false

## As in Jetty; every change is stored when it is made, so an eviction has nothing left to store.
#jetty.session.saveOnInactiveEviction=false

## Whether a session's record is removed if it is damaged; otherwise its requests are refused.
#jetty.session.removeUnloadableSessions=false

## Changes are always stored before the response is committed; false has no meaning here and is answered with a warning.
#jetty.session.flushOnResponseCommit=true

## Whether a stop of this node ends its sessions, for the whole cluster.
#jetty.session.invalidateOnShutdown=false

## How long the record of a session outlives its end if no node removes it, in seconds; at least 15 minutes.
#jetty.session.gracePeriod.seconds=3600

## Of Jetty's own stores; another value has no meaning here and is answered with a warning.
#jetty.session.savePeriod.seconds=0

## How often Jetty looks for expired sessions, in seconds; sessions end on time whatever this says.
#jetty.sessionScavengeInterval.seconds=600

## Of Jetty's own Hazelcast stores; set, they have no meaning here and are answered with a warning.
#jetty.session.hazelcast.useQueries=false
#jetty.session.hazelcast.onlyClient=

## Appended to session ids, for balancers that route by it; empty: none, or nodeN where JETTY_WORKER_INSTANCE=N is set.
#jetty.sessionIdManager.workerName=

## Which classes a session attribute may be deserialised to (a JEP 290 pattern); empty: what the JVM allows.
#jetty.session.attributeFilter=
## A strict example: the JDK's values and collections, what Jetty's logins keep, one's own package, limits, and nothing else.
## A lambda needs java.lang.invoke.SerializedLambda; Spring Security needs org.springframework.security.**.
#jetty.session.attributeFilter=maxdepth=50;maxrefs=100000;maxarray=100000;java.lang.*;java.lang.invoke.SerializedLambda;java.math.*;java.net.URI;java.time.**;java.util.*;java.util.concurrent.**;java.util.regex.*;org.eclipse.jetty.http.**;org.eclipse.jetty.security.**;org.eclipse.jetty.util.**;com.example.myapp.**;!*

## How many attributes one session may have.
#jetty.session.maxAttributes=10000

## How many bytes one attribute may take when it is serialised.
#jetty.session.maxAttributeBytes=8388608

## How many bytes all attributes of one session may take together.
#jetty.session.maxSessionBytes=67108864

## An attribute that cannot be serialised: reject (an exception), local (stays on this node), spec (reject for distributable WARs, else local).
#jetty.session.nonSerializable=spec

## A request whose session cannot be read, the store being out of reach: reject (503), anonymous (goes on without a session).
#jetty.session.onStoreFailure=reject

## What keeps the session of an open WebSocket alive: messages (data frames from the client), open (the connection), none.
#jetty.session.websocket.keepAlive=messages

## Which WebSockets of an ended session are closed: all, authenticated (those opened with a principal), none.
#jetty.session.websocket.closeOnSessionEnd=all

## Whether a WebSocket upgrade that brings no session creates one.
#jetty.session.websocket.createSession=false

## Whether an upgrade with a session cookie is refused when its Origin is another host.
#jetty.session.websocket.sameOrigin=false
