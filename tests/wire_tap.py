"""A tap on the wire between devices and a server: passes every byte on, keeps a copy, and can look into it."""

import ctypes
import ctypes.util
import socket
import threading
import zlib

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
GZIP_MAGIC = b"\x1f\x8b\x08"
FRAME_BYTES_MAX = 64 << 20


class _Buffer(ctypes.Structure):
    _fields_ = [("at", ctypes.c_void_p), ("size", ctypes.c_size_t), ("done", ctypes.c_size_t)]


class _Zstd:
    def __init__(self):
        self.zstd = ctypes.CDLL(ctypes.util.find_library("zstd"))
        self.zstd.ZSTD_createDStream.restype = ctypes.c_void_p
        self.zstd.ZSTD_freeDStream.argtypes = [ctypes.c_void_p]
        self.zstd.ZSTD_decompressStream.restype = ctypes.c_size_t
        self.zstd.ZSTD_decompressStream.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Buffer), ctypes.POINTER(_Buffer)]
        self.zstd.ZSTD_isError.argtypes = [ctypes.c_size_t]

    def frame(self, data):
        """What the frame at the beginning of `data` holds; as far as it goes, where it is none."""
        source = ctypes.create_string_buffer(data, len(data))
        target = ctypes.create_string_buffer(1 << 20)
        stream = self.zstd.ZSTD_createDStream()
        given = _Buffer(ctypes.cast(source, ctypes.c_void_p), len(data), 0)
        out = b""
        while len(out) < FRAME_BYTES_MAX:
            taken = _Buffer(ctypes.cast(target, ctypes.c_void_p), len(target), 0)
            left = self.zstd.ZSTD_decompressStream(stream, ctypes.byref(taken), ctypes.byref(given))
            out += target.raw[: taken.done]
            if self.zstd.ZSTD_isError(left) or left == 0 or (given.done == given.size and taken.done == 0):
                break
        self.zstd.ZSTD_freeDStream(stream)
        return out


def _places(data, magic):
    at = data.find(magic)
    while at >= 0:
        yield at
        at = data.find(magic, at + 1)


def unpacked(data):
    """The bytes, and what every compressed body in them holds."""
    zstd = _Zstd()
    parts = [data]
    parts += [zstd.frame(data[at:]) for at in _places(data, ZSTD_MAGIC)]
    for at in _places(data, GZIP_MAGIC):
        inflate = zlib.decompressobj(31)
        try:
            parts.append(inflate.decompress(data[at:], FRAME_BYTES_MAX))
        except zlib.error:
            pass  # three bytes that look like gzip's
    return b"\n".join(parts)


class WireTap:
    """Listens on a loopback port and passes all on to another; what passed stands in `streams`, one for each way of
    each connection."""

    def __init__(self, to_port):
        self.to_port = to_port
        self.streams = []
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to_port))
            self.sockets += [near, far]
            for source, target in ((near, far), (far, near)):
                stream = bytearray()
                self.streams.append(stream)
                threading.Thread(target=self._pass_on, args=(source, target, stream), daemon=True).start()

    @staticmethod
    def _pass_on(source, target, stream):
        try:
            while data := source.recv(65536):
                stream += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other side went away: nothing more passes

    def stop(self):
        for one in [self.listener, *self.sockets]:
            one.close()

    def captured(self):
        return b"\n".join(unpacked(bytes(stream)) for stream in self.streams)
