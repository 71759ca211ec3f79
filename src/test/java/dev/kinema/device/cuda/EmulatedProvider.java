package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.DeviceProvider;
import java.util.List;

/** The kernels on the processor as the device {@code cuda-emulated:0}, where the build has made them and this process loads them. */
public final class EmulatedProvider implements DeviceProvider {
    @Override
    public List<String> names() {
        return List.of("cuda-emulated:0");
    }

    @Override
    public Device open(String name, int threads) {
        CudaLibrary.require();
        if (!CudaLibrary.isEmulated()) {
            throw new KinemaException("this process runs the kernels for devices: start it with"
                + " -Dorg.bytedeco.javacpp.platform.extension=-emulated to use " + name);
        }
        return CudaDevice.open(name);
    }
}
